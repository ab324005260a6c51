"""Identifiers: ``prefix_`` + 26 characters of Crockford base 32.

New ones are ULIDs (https://github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, so text order
is creation order. Derived ones hash what they stand for, so that doing the same thing twice yields the
same id and the second write collapses into the first. No id contains a dot: Standard Webhooks signs
``id.timestamp.body`` and a dot in the id would make that ambiguous.
"""

import hashlib
import os
import re
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BODY = 26
_SHAPE = re.compile(r"[a-z]{2,5}_[0-9A-HJKMNP-TV-Z]{26}")

NewId = Callable[[str, int], str]
"""``new(prefix, now_ms)``; injected where order or repeatability matters to a test."""


def _encode(number: int) -> str:
    digits = []
    for _ in range(_BODY):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new(prefix: str, now_ms: int) -> str:
    """A fresh id, ordered by ``now_ms``."""
    return f"{prefix}_{_encode((now_ms << 80) | int.from_bytes(os.urandom(10), 'big'))}"


def seeded(prefix: str, at_ms: int, seed: str) -> str:
    """The same id for the same moment and seed, ordered by ``at_ms`` like a fresh one."""
    digest = hashlib.sha256(f"{prefix}\0{seed}".encode()).digest()
    return f"{prefix}_{_encode((at_ms << 80) | int.from_bytes(digest[:10], 'big'))}"


def seed() -> str:
    """128 random bits to derive ids from."""
    return os.urandom(16).hex()


def derived(prefix: str, *parts: str) -> str:
    """The same id for the same parts: the first 130 bits of a SHA-256 over the length-prefixed parts."""
    digest = hashlib.sha256(b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)).digest()
    return f"{prefix}_{_encode(int.from_bytes(digest[:17], 'big') >> 6)}"


def is_id(prefix: str, text: str) -> bool:
    """Whether ``text`` has the shape of an id of this prefix."""
    return _SHAPE.fullmatch(text) is not None and text.startswith(prefix + "_")
