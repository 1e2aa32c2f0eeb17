"""The directory over a temporary base directory."""

import pytest

from cgpymail.directory import passwords
from tests.unit.directory.ground import Ground


@pytest.fixture
def ground(tmp_path):
    """A fresh base directory."""
    return Ground(tmp_path)


@pytest.fixture
def cheap(monkeypatch):
    """Hashes that cost nothing, for tests that need many; gives the number of hashes verified."""
    counted = []

    def verify_hash(stored, password):
        counted.append(stored)
        return stored == "$argon2" + password.decode()

    monkeypatch.setattr(passwords, "_verify_hash", verify_hash)
    monkeypatch.setattr(passwords, "hash_secret", lambda secret, salt, *cost: b"$argon2" + secret)
    return counted
