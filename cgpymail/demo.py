"""``make run``: a complete server in one folder, ready to be looked at with any mail program.

The first run makes everything (demodata.py); later runs keep it. What to type into a mail program is printed, and is in
``demo.json`` for scripts. Then this process becomes ``twistd -n cgpymail``.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(arguments: list[str]) -> None:
    """Prepare the folder named by the only argument, then serve from it; never returns."""
    folder = os.path.abspath(arguments[0])
    config = f"{folder}/cgpymail.toml"
    if not os.path.exists(f"{folder}/base"):
        from cgpymail import demodata  # its imports take a second, which a later run need not wait for

        demodata.prepare(folder, config)
    try:
        with open(f"{folder}/demo.json", encoding="utf-8") as file:
            facts = json.load(file)
    except (OSError, ValueError) as problem:
        raise SystemExit(
            f"{folder}/demo.json cannot be read: {problem}; move {folder}/base away to begin anew"
        ) from None
    print(describe(facts), flush=True)
    twistd = os.path.join(os.path.dirname(sys.executable), "twistd")
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, twistd, "-n", "--pidfile=", "cgpymail", "--config", config])  # noqa: S606


def describe(facts: dict[str, Any]) -> str:
    """What a person wants to know, with lines to paste."""
    imap, pop, lmtp = facts["imap"], facts["pop"], facts["lmtp"]
    first = facts["accounts"][0]
    name, password = first["name"], first["password"]
    lines = [
        "cgpymail demonstration server",
        f"  IMAP  {imap['host']} port {imap['port']} (STARTTLS), port {imap['tls_port']} (TLS)",
        f"  POP   {pop['host']} port {pop['port']} (STLS), port {pop['tls_port']} (TLS)",
        f"  LMTP  {lmtp['host']} port {lmtp['port']}",
        *(f"  account {account['name']}  password {account['password']}" for account in facts["accounts"]),
        "Try:",
        f"  curl --insecure --user '{name}:{password}' 'imaps://{imap['host']}:{imap['tls_port']}/INBOX;MAILINDEX=1'",
        f"  mutt -f 'imap://{name}:{password}@{imap['host']}:{imap['port']}/INBOX'",
        "In a mail program's account form:",
        f"  e-mail {name}@{facts['domain']}, user name {name}, password {password}, server {imap['host']},",
        f"  IMAP port {imap['tls_port']} with SSL/TLS (or POP port {pop['tls_port']}), normal password;",
        "  accept the certificate: it is self-signed",
        "Ctrl-C stops the server; its mail stays.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
