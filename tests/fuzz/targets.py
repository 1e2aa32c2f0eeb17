"""THE table of targets: everything that parses what a client or a file sends."""

from __future__ import annotations

from tests.fuzz import control, files, grammar, logins, mail, sessions
from tests.fuzz.target import table

TARGETS = table(grammar.TARGETS, mail.TARGETS, files.TARGETS, sessions.TARGETS, logins.TARGETS, control.TARGETS)
