"""How much of a message the parsers of this package look into."""

from __future__ import annotations

from typing import Protocol


class Bounds(Protocol):
    """The limits that the parsers need: runtime.limits.Limits has them all, under these names."""

    @property
    def mime_depth(self) -> int:
        """Levels of parts within parts, the message itself being the first; deeper containers stay opaque."""

    @property
    def mime_parts(self) -> int:
        """Parts of one message, containers included; the last one takes what follows."""

    @property
    def header_size(self) -> int:
        """Octets of one header block that are looked into."""

    @property
    def header_fields(self) -> int:
        """Fields of one header block that are looked into."""

    @property
    def addresses(self) -> int:
        """Addresses of one answer (an envelope, or a structure with all its envelopes), marks of groups included."""
