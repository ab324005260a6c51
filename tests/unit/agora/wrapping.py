"""A payload made into a token's text, the way Agora's builders do it."""

import base64
import zlib

from shared.agora.access_token import VERSION


def wrapped(payload: bytes, level: int = -1) -> str:
    """``payload`` deflated at ``level``, in base64, after the version."""
    return VERSION + base64.b64encode(zlib.compress(payload, level)).decode()
