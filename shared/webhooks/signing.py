"""Standard Webhooks 1.0.0, symmetric: what is signed, with which keys, and how they are written.

Signed bytes are ``{webhook-id}.{webhook-timestamp}.{body}``; a signature is ``v1,`` and the base64 HMAC-SHA256;
several stand in one header, separated by a blank, one per valid key. Neither id nor timestamp may hold a dot, or
``id.1`` + ``2.body`` would be signed like ``id`` + ``1.2.body``.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Sequence

from shared.core.clock import SECOND

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a key."""
GENERATED = 32
"""Bytes of a key we make: as many as the hash gives."""


class BadSecret(ValueError):
    """Not ``whsec_`` and the base64 of 24 to 64 bytes. Never quotes the secret."""


def secret_of(key: bytes) -> str:
    """How a key is written. Raises :class:`BadSecret` for a key of another length."""
    if not SHORTEST <= len(key) <= LONGEST:
        raise BadSecret(f"a signing key has {SHORTEST} to {LONGEST} bytes")
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The reverse. Raises :class:`BadSecret`."""
    if not secret.startswith(PREFIX):
        raise BadSecret(f"a signing secret begins with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise BadSecret("a signing secret is base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise BadSecret(f"a signing key has {SHORTEST} to {LONGEST} bytes")
    return key


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """``v1,…`` of one key."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, "sha256")).decode()


def signed_headers(secrets: Sequence[str], message_id: str, now: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt at ``now`` (milliseconds), signed with every key.

    Raises ``ValueError`` for an id with a dot and when there is no key: an unsigned delivery is none.
    """
    if "." in message_id or not message_id:
        raise ValueError("a message id has no dot")
    if not secrets:
        raise ValueError("a delivery is signed with at least one key")
    timestamp_s = now // SECOND
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signature(s, message_id, timestamp_s, body) for s in secrets),
    }
