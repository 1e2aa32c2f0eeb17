"""Opening a file without waiting for the disk: openat2(2) with RESOLVE_CACHED, which Python does not offer by itself.

The system opens the file if the whole path is in its memory (Linux 5.12 and later), and otherwise says so at once.
Where there is no such call (an older system, a sandbox that forbids it), every file is opened on a thread.
"""

from __future__ import annotations

import ctypes
import errno
import os

OPENAT2 = 437  # the system call's number, the same on every architecture
AT_FDCWD = -100
RESOLVE_CACHED = 0x20
_SAYS_NOTHING = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG, errno.EOPNOTSUPP})


class _How(ctypes.Structure):
    """struct open_how"""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_syscall = ctypes.PyDLL(None, use_errno=True).syscall  # PyDLL: it never waits, so the GIL need not be given away
_syscall.restype = ctypes.c_long
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_How), ctypes.c_size_t)
_hows: dict[int, _How] = {}
_possible = True


def open_cached(path: str, flags: int) -> int | None:
    """A descriptor, or None when opening would wait for the disk (or nobody can know). Raises OSError."""
    global _possible
    if not _possible:
        return None
    how = _hows.get(flags)
    if how is None:
        how = _hows[flags] = _How(flags, 0, RESOLVE_CACHED)
    fd: int = _syscall(OPENAT2, AT_FDCWD, os.fsencode(path), how, ctypes.sizeof(how))
    if fd >= 0:
        return fd
    problem = ctypes.get_errno()
    if problem in (errno.EAGAIN, errno.EINTR):
        return None
    if problem in _SAYS_NOTHING:
        _possible = False
        return None
    raise OSError(problem, os.strerror(problem), path)
