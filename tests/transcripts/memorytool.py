"""What the ``cgpymail`` tool can do in transcripts without a server: the same words, for the world in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cgpymail.directory.domains import ALL_USERS, one_spelling
from cgpymail.model.identity import AccountName
from tests.support.desk import administrate
from tests.support.results import result
from tests.support.world import DOMAIN, World


def do(world: World, words: Sequence[str]) -> None:
    """One command; open sessions feel it. Groups in groups are not understood here."""
    for verb, action in ACTIONS.items():
        if list(words[: len(verb)]) == list(verb):
            action(world, *words[len(verb) :])
            world.directory.relations.changed()
            return
    done = administrate(world, words)  # the commands that need no more of the directory than its records
    world.turns()
    result(done)


def _name(text: str) -> AccountName:
    return AccountName(text, DOMAIN)


def _create(world: World, group: str) -> None:
    world.directory.relations.groups[f"{group}@{DOMAIN}"] = set()


def _add(world: World, group: str, *members: str) -> None:
    world.directory.relations.groups[f"{group}@{DOMAIN}"].update(map(_name, members))


def _remove(world: World, group: str, *members: str) -> None:
    world.directory.relations.groups[f"{group}@{DOMAIN}"].difference_update(map(_name, members))


def _give(world: World, name: str, *rights: str) -> None:
    relations = world.directory.relations
    for word in map(one_spelling, rights):
        if word in ALL_USERS:
            relations.overseers.add(_name(name))
        else:
            relations.viewers.add((_name(name), DOMAIN))


def _take(world: World, name: str, *rights: str) -> None:
    relations = world.directory.relations
    for word in map(one_spelling, rights):
        if word in ALL_USERS:
            relations.overseers.discard(_name(name))
        else:
            relations.viewers.discard((_name(name), DOMAIN))


def _account_acl(world: World, name: str, *values: str) -> None:
    record = world.directory.records[_name(name)]
    acl = record.account_acl()
    for identifier, _, words in (value.partition("=") for value in values):
        acl[identifier] = tuple(words.split(","))
    result(record.set_account_acl(acl))


ACTIONS: Mapping[tuple[str, ...], Callable[..., None]] = {
    ("group", "create"): _create,
    ("group", "add"): _add,
    ("group", "remove"): _remove,
    ("administrator", "set"): _give,
    ("administrator", "unset"): _take,
    ("account", "acl", "set"): _account_acl,
}
