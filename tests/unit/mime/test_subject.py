"""Base subjects (RFC 5256 2.1)."""

from __future__ import annotations

import time

import pytest

from cgpymail.mime.subject import base_subject

SUBJECTS = [
    ("", "", False),
    ("apples", "apples", False),
    (" a \t b\r\n c ", "a b c", False),
    ("Re: apples", "apples", True),
    ("RE:apples", "apples", True),
    ("re : apples", "apples", True),
    ("Re[2]: apples", "apples", True),
    ("re [list] : apples", "apples", True),
    ("Fw: Fwd: re: apples", "apples", True),
    ("apples (fwd)", "apples", True),
    ("apples (FWD) (fwd) ", "apples", True),
    ("[list] apples", "apples", False),
    ("[list] Re: [other] Re: apples (fwd)", "apples", True),
    ("[a] [b] re: apples", "apples", True),
    ("[list]", "[list]", False),
    ("[a][b]", "[b]", False),
    ("Re: [a] [b]", "[b]", True),
    ("[fwd: apples]", "apples", True),
    ("[Fwd: Re: [list] apples (fwd)]", "apples", True),
    ("[fwd: [fwd: apples]] (fwd)", "apples", True),
    ("[fwd: one] two", "two", False),
    ("[fwd: Re: [x] apples] tail", "[fwd: Re: [x] apples] tail", False),
    ("Re:", "", True),
    ("(fwd)", "", True),
    ("[fwd:]", "", True),
    ("Reason: none", "Reason: none", False),
    ("Refwd: apples", "Refwd: apples", False),
    ("apples re: pears", "apples re: pears", False),
    ("[unclosed apples", "[unclosed apples", False),
    ("Re: \u00c4pfel", "\u00c4pfel", True),
]


@pytest.mark.parametrize(("subject", "text", "reply"), SUBJECTS)
def test_base_subjects(subject: str, text: str, reply: bool) -> None:
    """Marks of replies and forwards go, and names of lists; what was meant stays."""
    assert base_subject(subject) == (text, reply)


PILES = ["[a]" * 20_000, "[a]" * 20_000 + "x", "re:" * 20_000, "[fwd:" * 10_000 + "]" * 10_000, "(fwd)" * 20_000,
         "re [" * 20_000, "[" * 60_000, "[fwd: [a] " * 5_000 + "]" * 5_000, "re " * 20_000]  # fmt: skip


@pytest.mark.parametrize("subject", PILES, ids=[pile[:12] for pile in PILES])
def test_a_piled_up_subject_costs_linear_time(subject: str) -> None:
    """Whatever a sender writes."""
    start = time.perf_counter()
    base_subject(subject)
    assert time.perf_counter() - start < 0.3
