"""What all sessions of the POP module know together; it outlives them, and every change of the configuration."""

from __future__ import annotations

from collections import OrderedDict


class PopState:
    """When each mailbox was entered last, and how many messages are being handed over by XTND XMIT (``handing``)."""

    def __init__(self) -> None:
        self._entered: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.handing = 0

    def enter(self, account: str, mailbox: str, now: float, most: int) -> None:
        """A login succeeded. Of more than ``most`` mailboxes those entered longest ago are forgotten."""
        self._entered[account, mailbox] = now
        self._entered.move_to_end((account, mailbox))
        while len(self._entered) > most:
            self._entered.popitem(last=False)

    def entered(self, account: str, mailbox: str) -> float:
        """When that was last, seconds since the epoch; 0 if nobody knows."""
        return self._entered.get((account, mailbox), 0.0)
