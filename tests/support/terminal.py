"""A program in a terminal: keys in, screen out, by tmux."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

PATIENCE = 30.0  # seconds


class Terminal:
    """A program in a tmux server of its own."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def start(self, command: str) -> None:
        """Have a shell run this, on a screen of 120 columns and 40 lines."""
        self.run("new-session", "-d", "-s", "t", "-x", "120", "-y", "40", command)

    def run(self, *words: str) -> str:
        """A tmux command; what it says."""
        done = subprocess.run([*self._tmux, *words], capture_output=True, check=True, timeout=PATIENCE)
        return done.stdout.decode(errors="replace")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.run("send-keys", "-t", "t", *keys)

    def text(self, text: str) -> None:
        """Type it, whatever it is called."""
        self.run("send-keys", "-t", "t", "-l", text)

    def see(self, *texts: str) -> None:
        """Wait until one of ``texts`` is on the screen."""
        end = time.monotonic() + PATIENCE
        while not any(text in (screen := self.run("capture-pane", "-p", "-t", "t")) for text in texts):
            assert time.monotonic() < end, f"{texts} never came:\n{screen}"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it, if it has not ended."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
