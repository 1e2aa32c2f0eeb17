"""Every limit of runtime/limits.py has a test; and the tests of those that no other module has."""

from __future__ import annotations

import ast
import base64
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from cgpymail.directory.throttle import Throttle
from cgpymail.errors import Busy
from cgpymail.runtime.limits import DEFAULTS, Limits
from tests.support.wire import MemoryWire
from tests.support.world import World

TESTS = Path(__file__).parents[1]
IMAP = "unit/imap/test_limits.py"
HERE = "unit/test_limits.py"
THROTTLE = "unit/directory/test_throttle.py"

WHERE = {
    "line_before_login": f"{IMAP}::test_smaller_limits_before_login",
    "line": f"{IMAP}::test_a_command_over_a_limit_is_bad",
    "literal_before_login": f"{IMAP}::test_smaller_limits_before_login",
    "command_before_login": f"{IMAP}::test_smaller_limits_before_login",
    "literal": f"{IMAP}::test_a_command_over_a_limit_is_bad",
    "command": f"{IMAP}::test_a_command_over_a_limit_is_bad",
    "swallow_before_login": "transcripts/scripts/limits-before-login.txt",
    "swallow": f"{IMAP}::test_what_cannot_be_resynchronised_ends_with_bye",
    "nesting": f"{IMAP}::test_a_command_over_a_limit_is_bad",
    "arguments": f"{IMAP}::test_a_command_over_a_limit_is_bad",
    "search_keys": f"{IMAP}::test_a_command_over_a_limit_is_bad",
    "sasl_line": f"{HERE}::test_answers_to_a_challenge_are_bounded",
    "pop_line": f"{HERE}::test_lines_are_bounded",
    "lmtp_line": f"{HERE}::test_lines_are_bounded",
    "pending_commands": f"{IMAP}::test_pipelined_input_stops_the_reading",
    "output_buffer": "unit/test_wire.py::test_the_output_buffer_is_that_of_the_settings",
    "output_hard": f"{IMAP}::test_one_reply_that_is_far_too_large_ends_the_connection",
    "sessions_per_address": "unit/test_wire.py::test_one_address_cannot_take_all_sessions",
    "sessions_per_account": "unit/imap/test_login.py::test_sessions_of_an_account_are_limited",
    "retry_time": "unit/test_wire.py::test_sessions_over_the_limit_are_refused_politely",
    "bad_commands": f"{IMAP}::test_too_many_bad_commands_in_a_row_end_the_connection",
    "failed_logins": "unit/imap/test_login.py::test_too_many_failed_logins_end_the_connection",
    "hashes": "unit/directory/test_login.py::test_two_hashes_at_a_time",
    "login_queue": "unit/directory/test_login.py::test_two_hashes_at_a_time",
    "login_free": f"{HERE}::test_free_tries",
    "login_free_account": f"{HERE}::test_free_tries_for_an_account",
    "login_forgiven": f"{HERE}::test_forgiven",
    "login_delay": f"{HERE}::test_longest_delay",
    "login_delay_trusted": f"{HERE}::test_longest_delay",
    "login_trust": f"{THROTTLE}::test_state_is_bounded",
    "login_wait": f"{HERE}::test_longest_wait",
    "login_states": f"{THROTTLE}::test_state_is_bounded",
    "login_cache": "unit/directory/test_login.py::test_verified_password_is_not_hashed_again",
    "account_cache": "unit/directory/test_accounts.py::test_records_are_dropped",
    "login_time": "unit/imap/test_login.py::test_who_does_not_log_in_in_time_is_cut_off",
    "idle_time": "unit/imap/test_session.py::test_silence_ends_the_session",
    "pop_idle_time": "unit/pop3/test_session.py::test_after_the_login_only_silence_counts",
    "lmtp_idle_time": "unit/lmtp/test_session.py::test_limits",
    "control_request": "unit/admin/test_control.py::test_a_request_without_end",
    "control_time": "unit/admin/test_control.py::test_a_slow_writer",
    "control_connections": "unit/admin/test_control.py::test_connections_are_limited",
    "message_size": "unit/imap/test_append.py::test_messages_over_the_limit_are_refused",
    "append_messages": "unit/imap/test_multiappend.py::test_too_many_messages_are_refused_before_they_are_sent",
    "append_size": "unit/imap/test_multiappend.py::test_too_many_octets_are_refused_before_they_are_sent",
    "spool_memory": "unit/lmtp/test_session.py::test_large_message_is_spooled_and_too_large_refused",
    "recipients": "unit/lmtp/test_session.py::test_limits",
    "submissions": "unit/pop3/test_submission.py::test_no_more_messages_at_once_than_allowed",
    "submit_time": "unit/pop3/test_submission.py::test_a_program_that_hangs_is_ended",
    "mime_depth": "unit/mime/test_structure.py::test_depth_limit_leaves_deeper_containers_opaque",
    "mime_parts": "unit/mime/test_structure.py::test_limit_of_parts_gives_the_rest_to_the_last",
    "header_size": "unit/mime/test_structure.py::test_header_over_its_limit_is_read_up_to_it",
    "header_fields": "unit/mime/test_structure.py::test_field_limit_is_kept",
    "addresses": "unit/mime/test_envelope.py::test_no_more_addresses_than_allowed",
    "change_log": "property/test_simultaneous.py::test_a_session_that_sleeps_through_ten_thousand_changes",
    "warm_seconds": "unit/manager/test_user.py::test_mailbox_stays_warm_for_a_while",
    "warm_octets": "unit/manager/test_user.py::test_warm_memory_is_bounded",
    "checkpoint_seconds": "unit/manager/test_user.py::test_changed_mailbox_is_checkpointed_while_open",
    "facts_cache": "unit/manager/test_facts.py::test_the_least_recently_used_goes_first",
    "mailboxes": "unit/manager/test_account.py::test_limit_counts_every_name",
    "acl_elements": "unit/imap/test_acl.py::test_a_list_has_an_end",
    "acl_size": "unit/imap/test_acl.py::test_a_list_has_an_end",
    "info_size": "unit/imap/test_acl.py::test_all_lists_of_an_account_have_an_end",
    "subscriptions": "unit/manager/test_list.py::test_subscription_limit",
    "subscription_size": "unit/manager/test_list.py::test_long_names_fill_the_subscription_list",
    "mailbox_aliases": "unit/manager/test_aliases.py::test_too_many",
    "group_members": "unit/directory/test_relations.py::test_members_are_limited",
    "metadata_value": "transcripts/scripts/sharing_metadata.txt",
    "metadata_entries": "transcripts/scripts/sharing_metadata.txt",
    "metadata_size": "unit/manager/test_annotating.py::test_octets_are_limited",
    "list_patterns": "unit/manager/test_list.py::test_too_many_patterns",
    "notify_names": "transcripts/scripts/notify-errors.txt",
    "sharing_accounts": "unit/directory/test_grants.py::test_too_many_accounts_share_with_one",
    "notify_events": "unit/imap/test_notify.py::test_a_client_that_does_not_read_is_told_that_it_missed_something",
}


def names_of_tests(path: Path) -> Iterator[str]:
    """The test functions of a module."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def test_every_limit_has_its_test() -> None:
    """A new limit comes with a test, which is there."""
    assert set(WHERE) == {field.name for field in fields(Limits)}
    for name, place in WHERE.items():
        file, _, function = place.partition("::")
        path = TESTS / file
        if function:
            assert function in names_of_tests(path), f"{name}: {place}"
        else:
            assert f"limit {name}:" in path.read_text(), f"{name}: {place}"


# -- lines


def connected(world: World, module: str) -> MemoryWire:
    """A new connection, greeted."""
    link = world.connect(module)
    link.take()
    return link


@pytest.mark.parametrize(("module", "limit"), [("POP", "pop_line"), ("LMTP", "lmtp_line")])
def test_lines_are_bounded(module: str, limit: str) -> None:
    """A line over the limit is refused once, whatever its length; the next is understood; neighbours see nothing."""
    world = World(limits=replace(DEFAULTS, **{limit: 100}))
    world.account()
    link, neighbour = connected(world, module), connected(world, module)
    good = link.feed(b"QUIX " + b"x" * 80 + b"\r\n")
    assert good and b"too long" not in good
    refused = link.feed(b"QUIX " + b"x" * 120 + b"\r\n")
    assert b"too long" in refused and refused.count(b"\r\n") == 1
    assert link.feed(b"y" * 100_000).count(b"\r\n") <= 1
    link.feed(b"\r\n")
    for client in (link, neighbour):
        assert client.feed(b"QUIT\r\n").startswith((b"+OK", b"221"))


def test_answers_to_a_challenge_are_bounded() -> None:
    """Over POP and over IMAP; the client can try again, and its neighbour logs in."""
    world = World(limits=replace(DEFAULTS, sasl_line=100))
    world.account()
    right = base64.b64encode(b"\0john\0secret")
    imap, pop, neighbour = connected(world, "IMAP"), connected(world, "POP"), connected(world, "POP")
    assert imap.feed(b"a AUTHENTICATE PLAIN\r\n").startswith(b"+ ")
    assert imap.feed(b"x" * 120 + b"\r\n").startswith(b"a BAD ")
    assert imap.feed(b"b AUTHENTICATE PLAIN " + right + b"\r\n").startswith(b"b OK ")
    assert pop.feed(b"AUTH PLAIN\r\n").startswith(b"+ ")
    assert pop.feed(b"x" * 120 + b"\r\n").startswith(b"-ERR ")
    for client in (pop, neighbour):
        assert client.feed(b"AUTH PLAIN " + right + b"\r\n").startswith(b"+OK ")


# -- wrong passwords


def guess(throttle: Throttle, times: int, address: str = "192.0.2.1", account: str = "john") -> float:
    """So many wrong passwords, each as soon as it is allowed; how long the next one would have to wait."""
    clock = throttle._clock
    assert isinstance(clock, Clock)
    for _ in range(times):
        clock.advance(throttle.wait(address, account))
        throttle.failed(address, account)
    return throttle.wait(address, account)


def made(**limits: int) -> Throttle:
    """One with these limits and no others that matter."""
    free = {"login_free": 1000, "login_free_account": 1000, "login_forgiven": 1}
    return Throttle(Clock(), replace(DEFAULTS, **(free | limits)))


def test_free_tries() -> None:
    """An address may err so often without waiting; another address does not wait at all."""
    throttle = made(login_free=2)
    assert guess(throttle, 2) == 0
    assert guess(throttle, 1) > 0
    assert throttle.wait("192.0.2.2", "jane") == 0


def test_free_tries_for_an_account() -> None:
    """The same for an account, wherever they come from; another account is open."""
    throttle = made(login_free_account=2)
    for number in range(3):
        guess(throttle, 1, f"198.51.100.{number}")
    assert throttle.wait("198.51.100.9", "john") > 0
    assert throttle.wait("198.51.100.9", "jane") == 0


@pytest.mark.parametrize(("forgiven", "waits"), [(1, True), (60, False)])
def test_forgiven(forgiven: int, waits: bool) -> None:
    """So many wrong passwords are forgotten in a minute."""
    throttle = made(login_free=2, login_forgiven=forgiven)
    guess(throttle, 10)
    assert isinstance(throttle._clock, Clock)
    throttle._clock.advance(30)
    throttle.failed("192.0.2.1", "john")
    assert (throttle.wait("192.0.2.1", "john") > 0) == waits


def test_longest_delay() -> None:
    """However often: no longer than ``login_delay`` between two tries, ``login_delay_trusted`` where one succeeded."""
    throttle = made(login_free=1, login_delay=3, login_delay_trusted=1)
    assert guess(throttle, 20) == 3
    throttle.succeeded("192.0.2.1")
    assert throttle.wait("192.0.2.1", "john") == 1


def test_longest_wait() -> None:
    """Who would have to wait longer is refused at once; another address is not."""
    throttle = made(login_free=1, login_delay=8, login_wait=5)
    with pytest.raises(Busy):
        guess(throttle, 20)
    assert throttle.wait("192.0.2.2", "jane") == 0
