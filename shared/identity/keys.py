"""API keys: ``sb_<live|test>_<43 base62><6 base62 CRC-32>``.

43 base-62 characters hold 256 random bits. The checksum (over everything before it) refuses typing mistakes and garbage
without a read, and lets secret scanners tell a real key. A key is kept as its SHA-256: 256 random bits need no
slow hash. Format after GitHub's (https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/).
"""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.core.scope import OrgScope

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 43, 6
_SHAPE = re.compile(rf"sb_(live|test)_[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")


class Mode(StrEnum):
    """``test`` keys open a sandbox: an organization of its own."""

    LIVE = "live"
    TEST = "test"


SCOPES: dict[str, str] = {
    "agora:admin": "Register and remove Agora apps",
    "agora:tokens": "Mint and inspect Agora tokens",
    "audit:read": "Read the audit chain",
    "crm:admin": "Connect and disconnect CRMs",
    "crm:read": "Read CRM records",
    "identity:admin": "Create, list and revoke API keys",
    "llm:admin": "Set the LLM upstream",
    "llm:chat": "Call the LLM gateway",
    "webhooks:admin": "Manage sources and endpoints, replay deliveries",
    "webhooks:read": "Read sources, endpoints and deliveries",
}
"""Every scope there is, with its sentence; ``<domain>:*`` and ``*`` stand for all of a domain and for all."""

READ_ONLY = frozenset({"webhooks:read", "crm:read", "audit:read"})
"""What a read-only key may do."""


def grantable() -> frozenset[str]:
    """What a key may be given."""
    return frozenset(SCOPES) | {f"{s.partition(':')[0]}:*" for s in SCOPES} | {"*"}


def scope_name(text: str) -> str:
    """``text`` if it is a scope. Raises ``ValueError``: a scope nobody defined must never reach a key or a token."""
    if text not in grantable():
        raise ValueError(f"is not a scope; there are {', '.join(SCOPES)}, <domain>:* and *")
    return text


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECK)


def generate(mode: Mode) -> str:
    """A fresh key's text; shown once."""
    body = f"sb_{mode.value}_{_base62(secrets.randbits(256), _RANDOM)}"
    return body + _checksum(body)


def well_formed(text: str) -> bool:
    """Shape and checksum."""
    return _SHAPE.fullmatch(text) is not None and _checksum(text[:-_CHECK]) == text[-_CHECK:]


def digest(text: str) -> str:
    """What is stored instead of the key."""
    return hashlib.sha256(text.encode()).hexdigest()


def hint(text: str) -> str:
    """What a list shows: ``sb_live_3fk2…9aZx``."""
    return f"{text[:12]}…{text[-4:]}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored: everything but its text."""

    id: str
    org: OrgScope
    name: str
    scopes: tuple[str, ...]
    hint: str
    digest: str
    created_at: int
    expires_at: int | None = None
    """Milliseconds; None: never."""


class ApiKeys(Protocol):
    """An organization's keys."""

    def create(self, key: ApiKey) -> None:
        """Store it under its hash with its back-pointer, both or neither; the same id again replaces."""

    def page(self, limit: int, after: str | None) -> list[ApiKey]:
        """In order of creation."""

    def get(self, key_id: str) -> ApiKey | None:
        """One key."""

    def delete(self, key: ApiKey) -> None:
        """Revoke: both items go."""


class KeyDirectory(Protocol):
    """Finds a key by its hash, before any organization is known."""

    def by_digest(self, digest: str) -> ApiKey | None:
        """The key, also when it has expired: the difference is worth telling its owner."""
