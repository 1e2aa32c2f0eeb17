"""What all tests share: programs that system tests need, and hypothesis settings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "cgpymail", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("cgpymail")

NODE_MODULES = Path(__file__).parent / "system" / "node" / "node_modules"
IN_CI = bool(os.environ.get("CI"))


def missing_programs(item: pytest.Item) -> list[str]:
    """What a test names with ``@pytest.mark.programs("curl", ...)``, or ``packages`` for those of Node, and is not
    installed."""
    named = [name for mark in item.iter_markers("programs") for name in mark.args]
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [name for name in named if shutil.which(name, path=path) is None]
    packages = [name for mark in item.iter_markers("packages") for name in mark.args]
    return missing + [name for name in packages if not (NODE_MODULES / name).is_dir()]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A system test without its program is left out, and named; in CI that is a failure."""
    missing = missing_programs(item)
    if missing:
        words = f"needs {', '.join(missing)}, not installed"
        if IN_CI:
            pytest.fail(words)
        pytest.skip(words)
