"""Who sent a notification: ``Agora-Signature-V2`` over the raw body.

The header is the hex HMAC-SHA256 of the body's bytes as they came, keyed with the UTF-8 of the
secret shown in the console, one per product and project. Agora also sends ``Agora-Signature``
(SHA-1); it adds nothing and is not read. Source: docs.agora.io, "receive notifications" (video
SDK), "Add signature verification".

The signature covers no time and no id in a header, so it does not stop a replay:
``notification.py`` bounds the age and the caller collapses repeats by ``noticeId``.
"""

import hmac
import re
from collections.abc import Sequence

from shared.agora.errors import BadSignature

SIGNATURE_HEADER = "Agora-Signature-V2"

_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")


def verify_signature(body: bytes, signature: str | None, secrets: Sequence[str]) -> None:
    """Returns if one of ``secrets`` signed ``body``, else raises ``BadSignature``.

    ``body`` is the raw request body, before any decoding of JSON or text. Several secrets let one
    be rotated without losing a notification; each is tried, so time tells nothing about which one
    matched. An empty secret never matches: anybody can sign with it. The header must be all 64 hex
    digits (a shorter one is no signature); Agora writes them in lower case, upper case is the same
    number and is accepted.
    """
    if signature is None or not _SIGNATURE.fullmatch(signature):
        raise BadSignature(f"{SIGNATURE_HEADER} is missing or is not 64 hexadecimal digits")
    claimed = bytes.fromhex(signature)
    matches = [
        hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256"), claimed) for secret in secrets if secret
    ]
    if not any(matches):
        raise BadSignature
