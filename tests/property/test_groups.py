"""Groups in groups against the plain reading of their definition (spec 14.2.4)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.directory.domains import Domain
from cgpymail.directory.groups import Groups, group_named
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import DEFAULTS

DOMAINS = ("one.org", "two.org")
PEOPLE = ("ann", "bob")
GROUPS = ("x", "y", "z")
MEMBERS = [
    f"{sign}{name}{place}"
    for sign, kind in (("", PEOPLE), ("#", GROUPS))
    for name in kind
    for place in ("", "@two.org")
]
FILES = st.dictionaries(st.sampled_from(GROUPS), st.lists(st.sampled_from(MEMBERS), max_size=4).map(tuple))


def route(address: str, domain: str) -> AccountName:
    """There are no aliases here."""
    name, _, place = address.partition("@")
    return AccountName(name, place or domain)


def is_member(
    files: dict[str, dict[str, tuple[str, ...]]], group: tuple[str, str], who: AccountName, depth: int
) -> bool:
    """By looking downwards, as deep as any chain of different groups can be."""
    name, domain = group
    for member in files[domain].get(name, ()):
        if not member.startswith("#"):
            if route(member, domain) == who:
                return True
        elif depth and is_member(files, group_named(member, domain), who, depth - 1):
            return True
    return False


@settings(max_examples=60)
@given(st.tuples(FILES, FILES))
def test_membership(both: tuple[Any, Any]) -> None:
    """Whoever is found below a group is in it, and nobody else; loops end."""
    files = dict(zip(DOMAINS, both, strict=True))
    domains: Any = SimpleNamespace(all=lambda: [Domain(name, "", groups=file) for name, file in files.items()])
    router: Any = SimpleNamespace(route=route)
    groups = Groups(domains, router, DEFAULTS, None)  # type: ignore[arg-type]
    groups.recount()
    for group in ((name, domain) for name in GROUPS for domain in DOMAINS):
        for who in (AccountName(name, domain) for name in PEOPLE for domain in DOMAINS):
            assert groups.member(*group, who) == is_member(files, group, who, len(GROUPS) * len(DOMAINS))
