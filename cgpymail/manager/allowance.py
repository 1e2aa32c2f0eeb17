"""What one session may change in its mailbox, asked at each use, and what it has been told of that (RFC 4314 5.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cgpymail.manager.access import Standing, settable_flags
from cgpymail.manager.updates import Updates
from cgpymail.model import flags, rights
from cgpymail.model.keywords import KeywordTable

CHANGING = rights.SEEN | rights.WRITE | rights.DELETE | rights.INSERT  # with any of them it is not read-only


class Allowance:
    """``ask`` gives the user's standing now; ``examined``: the session said that it would change
    nothing."""

    def __init__(self, ask: Callable[[], Standing], *, examined: bool) -> None:
        self._ask = ask
        self.examined = examined
        self._told = self._state()
        self._changed = False

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed now: it was opened so, or the user has no right to."""
        return self.examined or not self._ask().rights & CHANGING

    def permanent_flags(self, keywords: KeywordTable) -> list[str]:
        """The flags that the user may change for good; ``\\*`` while there is room for another keyword (spec 2.4)."""
        held = 0 if self.examined else self._ask().rights
        names = flags.to_imap(settable_flags(held))
        if held & rights.WRITE:
            names += [name for _, name in keywords]
            names += [] if keywords.full else ["\\*"]
        return names

    def rights_changed(self) -> None:
        """There may be something to tell."""
        self._changed = True

    def told(self, updates: Updates) -> Updates:
        """What the session is to be told, and what has become of the user's rights since it was told last."""
        if not self._changed:
            return updates
        self._changed = False
        before, self._told = self._told, self._state()
        if before == self._told:
            return updates
        read_only = self._told[0] if self._told[0] != before[0] else None
        return replace(updates, flag_names_changed=True, read_only=read_only)

    def _state(self) -> tuple[bool, int]:
        """What the answers to SELECT say of it; of an examined mailbox always the same."""
        return self.read_only, 0 if self.examined else settable_flags(self._ask().rights)
