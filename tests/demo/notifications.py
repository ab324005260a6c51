"""Agora as a sender of notifications: the samples of ``events/agora``, fresh and signed."""

import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "events" / "agora"


def fresh(sample: str = "rtc.user_joined", *, age_s: float = 0) -> dict[str, Any]:
    """A sample with an id of its own, notified ``age_s`` seconds ago."""
    document: dict[str, Any] = json.loads((SAMPLES / f"{sample}.json").read_text())
    sent_ms = int((time.time() - age_s) * 1000)
    return document | {"noticeId": f"demo:{secrets.token_hex(12)}", "notifyMs": sent_ms}


def signed(document: dict[str, Any], secret: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers, as docs.agora.io says: HMAC-SHA256 of the raw body in ``Agora-Signature-V2``."""
    body = json.dumps(document).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", "Agora-Signature-V2": signature}
