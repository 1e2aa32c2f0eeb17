"""From a name or address as typed to the account it means (spec sections 8.14, 11.3): the Router.

``name``, ``name@domain`` and ``name%domain``; case does not matter; the domain's account aliases (Aliases.data) apply
again and again up to a bound. ``postmaster`` goes to the main domain where a domain has none of its own, and always
when it comes without a domain (RFC 5321 4.5.1).
"""

from __future__ import annotations

from cgpymail.directory.domains import Domain, Domains
from cgpymail.directory.naming import account_name, domain_name
from cgpymail.errors import IllegalName
from cgpymail.model.identity import AccountName

MAX_ADDRESS = 320  # octets of RFC 3696: 64 + 1 + 255
MAX_ALIASES = 10  # one after the other; more are a loop
POSTMASTER = "postmaster"


class Router:
    """Decides from memory; whether the account exists is for the directory to find out."""

    def __init__(self, domains: Domains) -> None:
        self._domains = domains

    def route(self, address: str, domain: str) -> AccountName | None:
        """The account, or None when the address is not one of ours. ``domain`` empty: the main one."""
        for _ in range(MAX_ALIASES):
            found = self._parse(address, domain)
            if found is None:
                return None
            name, place = found
            target = place.aliases.get(name)
            if target is None:
                return self._final(name, place)
            address, domain = target, place.name
        return None

    def _final(self, name: str, place: Domain) -> AccountName:
        if name == POSTMASTER and not place.has_postmaster:
            place = self._domains.main
        return AccountName(name, place.name)

    def _parse(self, address: str, domain: str) -> tuple[str, Domain] | None:
        if len(address) > MAX_ADDRESS or address.endswith(("@", "%")):
            return None
        local, host = split(address)
        if not host and local.lower() == POSTMASTER:
            host = self._domains.main.name
        try:
            place = self._domains.get(domain_name(host or domain or self._domains.main.name))
            return (account_name(local), place) if place else None
        except IllegalName:
            return None


def split(address: str) -> tuple[str, str]:
    """Local part (without its quotes) and domain, which is empty if there is none.

    The last ``@`` divides, else the last ``%`` (for mailers that cannot pass ``@``).
    """
    sign = "@" if "@" in address else "%"
    local, found, host = address.rpartition(sign)
    if not found:
        local, host = address, ""
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = local[1:-1]
    return local, host
