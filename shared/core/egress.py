"""Where a URL chosen by a customer may lead: the rule, without any I/O.

Two questions, asked at two moments. :func:`target_of` judges the text of a URL, when it is
registered and again before each call. :func:`check_addresses` judges the addresses that its host
resolved to, at the moment of dialling, and whoever dials uses exactly the addresses it was given
back: a name that resolves differently a second later gains nothing.

Inside a Lambda the prizes are the Runtime API on 127.0.0.1:9001, extensions beside it and the
link-local credential endpoints, so the rule is a list of networks, not a list of names.
``ipaddress.is_global`` is not enough: on Python 3.11 it calls multicast, 6to4, NAT64, SRv6,
site-local and v4-compatible addresses global.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from shared.core.errors import Problem

Allow = frozenset[str]
"""``host:port`` pairs, as a URL writes them, that may use http and lead anywhere.

Meant for the peers of a laptop or a test (``127.0.0.1:9000``); empty on AWS.
"""

PORTS: Final = frozenset({443, 8443})
"""Where https is served to the public; every further port is one more service to attack."""

URL_LIMIT: Final = 2048
"""Characters. Longer URLs fail in enough other places that a customer is better told at once."""
_TOO_LONG: Final = f"The URL is longer than {URL_LIMIT} characters"


# https://www.iana.org/assignments/iana-ipv4-special-registry (2025-10), multicast, and one address
# in public space that is a host's control plane.
_DENIED_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; 100.100.100.200 is Alibaba's metadata
        "127.0.0.0/8",  # loopback: Lambda's Runtime API listens on 127.0.0.1:9001
        "168.63.129.16/32",  # Azure's host agent, on a public address
        "169.254.0.0/16",  # link-local: instance and container credentials
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments; 192.0.0.192 is Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the broadcast address
    )
)

# Only 2000::/3 is assigned to public hosts: loopback, v4-compatible (::/96), NAT64 (64:ff9b::/96,
# 64:ff9b:1::/48), SRv6 (5f00::/16), unique-local, link-local, site-local, multicast lie outside.
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")

# https://www.iana.org/assignments/iana-ipv6-special-registry (2025-10). The forms that carry an
# IPv4 address are refused whole, whatever they carry: no public host is reached only through them.
_DENIED_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments; 2001::/32 is Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

_ISATAP_MARKER: Final = 0x0000_5EFE
_ISATAP_UNIVERSAL_BIT: Final = 0x0200_0000

_UNWRITABLE: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_NUMERIC: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


class EgressRefused(Problem):
    """The URL leads where our network may not be used to reach. Says why, never the whole URL."""

    status = 422
    code = "egress_refused"
    title = "The URL leads to an address that may not be called"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that passed. ``url`` is rebuilt from parts, so no second parser can read another."""

    scheme: str
    host: str
    port: int
    path: str
    """Path and query, as sent in the request line."""

    @property
    def url(self) -> str:
        """Scheme, authority, path and query; the default port is left out."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """The ``Host`` header: host, and the port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"

    def __repr__(self) -> str:
        """Without path and query: they often hold a customer's secret."""
        return f"Target({self.scheme}://{self.authority})"


def target_of(url: str, allow: Allow = frozenset()) -> Target:
    """What ``url`` points at. Raises :class:`EgressRefused` if its text alone rules it out."""
    target = _read(url)
    if len(target.url) > URL_LIMIT:  # as it will be stored and called, percent-encoded
        raise EgressRefused(_TOO_LONG)
    if is_allowed(target.host, target.port, allow):
        return target
    if target.scheme != "https":
        raise EgressRefused("The URL must use https")
    if target.port not in PORTS:
        raise EgressRefused("The URL must use port 443 or 8443")
    if _literal(target.host) is not None:
        check_addresses([target.host])
    elif "." not in target.host:
        raise EgressRefused("The host must be a full domain name")
    return target


def check_addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    """The addresses a name resolved to, if every one of them is public, in their canonical text.

    One bad address refuses the name: answering with a public and a private one is how a rebinding
    attack looks. Raises :class:`EgressRefused`, also when there is none.
    """
    checked: list[str] = []
    for text in addresses:
        address = _literal(text)
        if address is None or not is_public(address):
            raise EgressRefused("The host is at an address that is not public")
        checked.append(str(address))
    if not checked:
        raise EgressRefused("The host does not resolve")
    return tuple(dict.fromkeys(checked))


def dialable(host: str, port: int, addresses: Iterable[str], allow: Allow = frozenset()) -> tuple[str, ...]:
    """Of a host that resolved to ``addresses``: those to dial. Raises :class:`EgressRefused`."""
    return tuple(addresses) if is_allowed(host, port, allow) else check_addresses(addresses)


def is_allowed(host: str, port: int, allow: Allow) -> bool:
    """Whether the operator exempted this host and port."""
    return (f"[{host}]:{port}" if ":" in host else f"{host}:{port}") in allow


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether ``address``, and every IPv4 address written into it, is on the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _DENIED_V4)
    if address.scope_id is not None:  # names one of our own interfaces
        return False
    if address.ipv4_mapped is not None:  # the kernel dials these as IPv4
        return is_public(address.ipv4_mapped)
    if address not in _GLOBAL_UNICAST or any(address in network for network in _DENIED_V6):
        return False
    carried = _isatap(address)
    return carried is None or is_public(carried)


def normal_host(host: str) -> str:
    """Lower-case ASCII (IDNA 2008 with UTS #46 mapping), no final dot.

    Mapping comes first, so full-width digits or ideographic stops cannot hide an address. What
    looks like a number but is no dotted quad (``2130706433``, ``0177.0.0.1``, ``127.1``) is
    refused: resolvers read it as an address, and no public name ends in a number.
    """
    if not host.isascii():
        import idna  # 10 ms of tables, for the rare host that needs them

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as exc:
            raise EgressRefused("The host is not a valid domain name") from exc
    host = host.lower().removesuffix(".")
    literal = _literal(host)
    if literal is not None:
        return str(literal)
    if not _NAME.fullmatch(host) or _NUMERIC.fullmatch(host.rpartition(".")[2]):
        raise EgressRefused("The host is not a valid domain name")
    return host


def _read(url: str) -> Target:
    if len(url) > URL_LIMIT:
        raise EgressRefused(_TOO_LONG)
    if _UNWRITABLE.search(url):
        raise EgressRefused("The URL contains a blank, a backslash or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise EgressRefused("The URL cannot be read") from exc
    if parts.scheme not in {"http", "https"}:
        raise EgressRefused("The URL must use https")
    if "@" in parts.netloc:
        raise EgressRefused("The URL contains a user name or password")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    path = _ascii(parts.path or "/") + (f"?{_ascii(parts.query)}" if parts.query else "")
    return Target(parts.scheme, normal_host(parts.hostname or ""), port, path)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _ascii(text: str) -> str:
    """RFC 3987 §3.1: characters beyond ASCII become percent-encoded UTF-8; nothing else changes."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in text)


def _isatap(address: IPv6Address) -> IPv4Address | None:
    """RFC 5214 §6.1: an interface identifier of ``[02]00:5efe`` followed by an IPv4 address."""
    marker = int(address) >> 32 & 0xFFFF_FFFF
    if marker & ~_ISATAP_UNIVERSAL_BIT != _ISATAP_MARKER:
        return None
    return IPv4Address(int(address) & 0xFFFF_FFFF)
