"""Agora's first access token, version "006": read only, to explain an old one.

``"006" + app id + base64(string signature, u32 crc32(channel), u32 crc32(uid), string message)``;
the message is salt, a time stamp and privileges whose values are absolute Unix seconds. It names
neither channel nor user, only their checksums. Agora asks for 007 instead, so nothing here builds
one. Source: AgoraIO/Tools, DynamicKey/AgoraDynamicKey/python3/src/AccessToken.py.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.agora.access_token import decode_base64
from shared.agora.errors import InvalidToken
from shared.agora.packing import Reader

LEGACY_VERSION = "006"
_CONTENT_AT = len(LEGACY_VERSION) + 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyToken:
    """What a 006 token says. ``expires_at`` and the privileges' values are Unix seconds."""

    app_id: str
    salt: int
    expires_at: int
    privileges: Mapping[int, int]
    channel_crc: int
    uid_crc: int
    signature: bytes = field(repr=False)
    message: bytes = field(repr=False)

    def is_signed_by(self, certificate: str, channel: str, uid: str) -> bool:
        """Whether this certificate signed the token for this channel and user ("" for anybody)."""
        signed = f"{self.app_id}{channel}{uid}".encode(errors="replace") + self.message
        expected = hmac.digest(certificate.encode(errors="replace"), signed, "sha256")
        return hmac.compare_digest(expected, self.signature)


def parse_legacy(text: str) -> LegacyToken:
    """The 006 token of this text, not verified. Raises ``InvalidToken`` only."""
    if not text.startswith(LEGACY_VERSION):
        raise InvalidToken(f"A legacy access token begins with {LEGACY_VERSION}")
    content = Reader(decode_base64(text[_CONTENT_AT:]))
    signature = content.blob()
    channel_crc, uid_crc = content.u32(), content.u32()
    message = content.blob()
    fields = Reader(message)
    return LegacyToken(
        app_id=text[len(LEGACY_VERSION) : _CONTENT_AT],
        salt=fields.u32(),
        expires_at=fields.u32(),
        privileges=fields.numbers(),
        channel_crc=channel_crc,
        uid_crc=uid_crc,
        signature=signature,
        message=message,
    )
