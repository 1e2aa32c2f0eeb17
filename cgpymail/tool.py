"""The ``cgpymail`` command: its words are in cgpymail.admin.options, its commands in cgpymail.admin; here they are
joined with the configuration and the assembled server."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace

from cgpymail import configfile
from cgpymail.admin import controlclient, exits, lmtpclient
from cgpymail.admin.asking import Cancelled, question
from cgpymail.admin.commands import execute
from cgpymail.admin.deliver import deliver_directly, read_message
from cgpymail.admin.job import Job
from cgpymail.admin.loop import CommandLoop
from cgpymail.admin.options import DEFAULT_CONFIG, parser
from cgpymail.assembly import BaseTaken, BaseUnusable, assemble
from cgpymail.config import ConfigError, Settings, default_control
from cgpymail.errors import MailError
from cgpymail.grammar.control import BadRequest, Request
from cgpymail.interfaces import IContent
from cgpymail.runtime.files import Files
from cgpymail.runtime.spool import Spool


def main() -> None:
    """The console script. Nobody need read its output to the end: ``cgpymail sessions list | head -1``."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python writes at its end
        code = exits.OK
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Do one command; the exit code. Everything for people goes to standard output, complaints to standard error."""
    options = parser().parse_args(arguments)
    try:
        settings = read_settings(options)
        if options.command == "check-config":
            print(f"{options.config or DEFAULT_CONFIG}: no errors")
            return exits.OK
        return _deliver(options, settings) if options.command == "deliver" else _administrate(options, settings)
    except ConfigError as problem:
        return _complain(str(problem), exits.CONFIG)
    except BaseTaken as problem:
        return _complain(str(problem), exits.TRY_AGAIN)
    except BaseUnusable as problem:
        return _complain(str(problem), exits.CANNOT_CREATE)
    except MailError as problem:
        return _complain(str(problem), exits.of_error(problem))
    except (Cancelled, EOFError, KeyboardInterrupt) as problem:
        return _complain(str(problem) or "cancelled", exits.UNAVAILABLE)


def read_settings(options: argparse.Namespace) -> Settings:
    """The configuration; with --base alone, no file is needed. Raises ConfigError."""
    if options.base and not options.config and options.command != "check-config":
        domain = options.domain or socket.getfqdn()
        return Settings(base=os.path.abspath(options.base), domain=domain, host=domain)
    path = os.path.abspath(options.config or DEFAULT_CONFIG)
    settings = configfile.read_settings(path)
    if options.command == "check-config":
        configfile.usable_certificate(settings, path)
        configfile.token_means(settings, path)
    if options.base and os.path.abspath(options.base) != settings.base:
        settings = replace(settings, base=os.path.abspath(options.base), control="")
    return replace(settings, domain=options.domain) if options.domain else settings


def _administrate(options: argparse.Namespace, settings: Settings) -> int:
    """Ask the running server; where none answers, work on the base directory, if its lock says that nobody does."""
    asked = question(options, os.path.realpath(settings.base))
    try:
        code = _ask(settings, asked.request)
    except controlclient.Unreachable as problem:
        code = _do_alone(settings, asked.request, problem)
    except controlclient.Broken as problem:
        return _complain(f"the server has not told the end, look what it did: {problem}", exits.TRY_AGAIN)
    except BadRequest as problem:
        return _complain(str(problem), exits.USAGE)
    if code == exits.OK and asked.generated:
        print(f"password {asked.generated}")
    return code


def _ask(settings: Settings, request: Request) -> int:
    """The exit code. Raises controlclient.Unreachable, Broken, BadRequest."""
    try:
        owner = os.stat(settings.base).st_uid
    except OSError:
        owner = os.geteuid()
    path = settings.control or default_control(settings.base)
    return controlclient.ask(path, owner, request, print, _warn)


def _do_alone(settings: Settings, request: Request, unreachable: Exception) -> int:
    """The exit code. Raises BaseTaken, BaseUnusable."""
    loop = CommandLoop(_log)
    try:
        server = assemble(settings, loop.runtime)
    except BaseTaken:
        return _complain(
            f"the base directory {settings.base} is in use by a process that cannot be asked ({unreachable}): the "
            "server is just starting or stopping, or another cgpymail command is at work; try again (or, if the server "
            "has its control socket elsewhere, name its configuration with --config)",
            exits.TRY_AGAIN,
        )
    try:
        return loop.run(execute(Job(request, server, print, _warn)))
    finally:
        loop.run(server.stop())


def _deliver(options: argparse.Namespace, settings: Settings) -> int:
    for address in (options.sender or "", *options.recipients):
        if any(ord(char) < 32 or char in "<>\x7f" for char in address.strip("<>")):
            return _complain(f"{address!r} is not an address", exits.USAGE)
    folder = tempfile.mkdtemp(prefix="cgpymail-")
    try:
        spool = Spool(Files(), folder, settings.limits)
        content, found = read_message(sys.stdin.buffer, spool, settings.limits.message_size)
        sender = found if options.sender is None else options.sender.strip("<>")
        try:
            outcomes = _send(options, settings, sender, content)
        finally:
            content.release()
    except OSError as problem:
        return _complain(f"the message could not be read: {problem}", exits.TRY_AGAIN)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for address, (code, text) in zip(options.recipients, outcomes, strict=True):
        if code != exits.OK:
            _complain(f"{address}: {text}", code)
    return exits.together(code for code, _ in outcomes)


def _send(options: argparse.Namespace, settings: Settings, sender: str, content: IContent) -> list[tuple[int, str]]:
    """By LMTP to the running server, else directly."""
    try:
        where = options.lmtp or _lmtp_listener(settings)
        if where:
            return lmtpclient.send(where, sender, options.recipients, content)
    except lmtpclient.Unreachable as problem:
        if options.lmtp:
            return [(exits.TRY_AGAIN, str(problem))] * len(options.recipients)
    loop = CommandLoop(_log)
    server = assemble(settings, loop.runtime)
    try:
        return loop.run(deliver_directly(server.services.manager.delivery, sender, options.recipients, content))
    finally:
        loop.run(server.stop())


def _lmtp_listener(settings: Settings) -> str:
    """Where the configured server takes LMTP: a socket before a port; empty if nowhere."""
    listeners = sorted(settings.lmtp.listeners, key=lambda listener: not listener.socket)
    for listener in listeners if settings.lmtp.channels else ():
        if not listener.tls:
            return listener.socket or f"{listener.address}:{listener.port}"
    return ""


def _complain(text: str, code: int) -> int:
    _warn(text)
    return code


def _warn(text: str) -> None:
    print(f"cgpymail: {text}", file=sys.stderr)


def _log(text: str) -> None:
    """Log records of one command: failures only reach the terminal."""
    if text.startswith("1 "):
        print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
