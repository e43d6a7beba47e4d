"""Where a webhook may go: the public internet, and what the operator allows. Never our own network by accident.

The name is looked up once, every address that it has must be allowed, and the connection goes to one of those
addresses: a name that means something else a moment later (DNS rebinding) changes nothing.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from app.errors import VigilError

MAX_URL_CHARS = 2000
LOOKUP_WITHIN_S = 5.0
# RFC 6052: an IPv4 address inside an IPv6 one, which a NAT64 gateway unpacks.
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class AddressRefused(VigilError):  # noqa: N818
    """A webhook may not go there."""


class NameUnknown(VigilError):  # noqa: N818
    """The host has no address at present."""


@dataclass(frozen=True)
class Target:
    """A webhook's place: the URL, and the one address that its connection goes to."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    address: str

    @property
    def pinned_url(self) -> str:
        """The URL with the address in place of the name."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        """What the server is called."""
        usual = {"https": 443, "http": 80}[self.scheme]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == usual else f"{host}:{self.port}"


async def resolve(url: str, allowed: Sequence[Network] = ()) -> Target:
    """Look the URL's host up.

    Raises:
        AddressRefused: it is no URL for a webhook, or leads where none may go.
        NameUnknown: it leads nowhere at present.
    """
    scheme, host, port, path = _parts(url)
    try:
        async with asyncio.timeout(LOOKUP_WITHIN_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise NameUnknown(f"{host} has no address") from None
    addresses = list(dict.fromkeys(ip_address(str(info[4][0]).partition("%")[0]) for info in found))
    own = [any(_within(address, network) for network in allowed) for address in addresses]
    for address, permitted in zip(addresses, own, strict=True):
        if not permitted and not is_public(address):
            raise AddressRefused(f"{host} is on a private or local network: VIGIL_WEBHOOK_ALLOW may name it")
    if scheme == "http" and not all(own):
        raise AddressRefused("it must be an https URL")
    return Target(url, scheme, host, port, path, str(addresses[0]))


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, also when it wraps another."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _within(address: Address, network: Network) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.version == network.version and address in network


def _parts(url: str) -> tuple[str, str, int, str]:
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused(f"it must be at most {MAX_URL_CHARS} printable ASCII characters without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        raise AddressRefused("it must be an https URL") from None
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused("it must be an https URL with a host, without a user and without a fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname, port, path
