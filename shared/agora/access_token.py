"""Agora's AccessToken2, version "007": built, parsed and verified.

``"007" + base64(zlib(string signature, signed part))``; the signed part is app id, issue time,
lifetime, salt and the services in ascending type order. The signature is HMAC-SHA256 over it, keyed
by ``HMAC(salt, HMAC(issue time, certificate))`` with both numbers as little-endian u32. Source:
AgoraIO/Tools, DynamicKey/AgoraDynamicKey/python3/src/AccessToken2.py; npm agora-token 2.0.6.

Two traps. The base64 text is not canonical: it depends on the deflate implementation, so the same
token has many texts; compare inflated bytes. And a signature holds over the bytes that were signed:
a parsed token is verified over its original bytes, never over bytes packed again.

Nothing here reads a clock or makes randomness: issue time and salt come in from outside.
"""

import base64
import hmac
import re
import struct
import zlib
from dataclasses import dataclass, field

from shared.agora.errors import InvalidToken, UnbuildableToken
from shared.agora.packing import Reader, pack_blob, pack_text, pack_u16, pack_u32
from shared.agora.services import Service, is_known, pack_service, read_service, service_type

VERSION = "007"

MAX_SALT = 99_999_999
"""Agora's builders draw the salt from 1 to this; any u32 is read."""

MAX_PAYLOAD_BYTES = 32_768
"""Inflated size we build and read: an RTC + RTM token has 200 bytes, an RTM2 list may be long."""

MAX_TOKEN_CHARS = 49_152
"""Text we start to decode: ``MAX_PAYLOAD_BYTES`` in base64, even where deflate cannot shrink it."""

_HEX32 = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """A project's app id and certificate, each 32 hex digits whose letter case counts."""

    app_id: str
    certificate: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What a token says. ``issued_at`` in Unix seconds, ``ttl`` in seconds after that."""

    app_id: str
    issued_at: int
    ttl: int
    salt: int
    services: tuple[Service, ...]

    @property
    def expires_at(self) -> int:
        """Unix seconds of the end of the whole token; Agora ends it after 24 h at the latest."""
        return self.issued_at + self.ttl


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedToken:
    """A token as received: what it says, and the bytes its signature is over.

    ``unknown_service`` is the type at which reading stopped, or None: a service of a type newer
    than this code has no length of its own, so neither it nor what follows can be read. Upstream
    does the same.
    """

    token: AccessToken
    signature: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    unknown_service: int | None

    def is_signed_by(self, certificate: str) -> bool:
        """Whether this certificate signed the original bytes. Constant time in the signature."""
        if not (_HEX32.fullmatch(certificate) and _HEX32.fullmatch(self.token.app_id)):
            return False
        expected = _sign(self.signed, certificate, self.token.issued_at, self.token.salt)
        return hmac.compare_digest(expected, self.signature)


def build(token: AccessToken, certificate: str) -> str:
    """The token's text. Services may repeat a type; they are packed in stable type order.

    Raises ``UnbuildableToken`` for an app id or certificate that is not 32 hex digits, for no
    services, and for a value that does not fit its place. How long a token may live is a rule of
    ``rules.py``, not of bytes.
    """
    if not (_HEX32.fullmatch(token.app_id) and _HEX32.fullmatch(certificate)):
        raise UnbuildableToken("The app id and the certificate must be 32 hexadecimal digits each")
    if not token.services:
        raise UnbuildableToken("A token opens at least one service")
    try:
        signed = _signed_part(token)
        signature = _sign(signed, certificate, token.issued_at, token.salt)
    except (struct.error, UnicodeEncodeError) as exc:
        raise UnbuildableToken("A value of the token does not fit its place") from exc
    payload = pack_blob(signature) + signed
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise UnbuildableToken(f"The token would have more than {MAX_PAYLOAD_BYTES} bytes")
    return VERSION + base64.b64encode(zlib.compress(payload)).decode()


def parse(text: str) -> ParsedToken:
    """The token of this text, not verified: anybody can write one. Raises ``InvalidToken`` only."""
    if not text.startswith(VERSION):
        raise InvalidToken(f"An access token begins with {VERSION}")
    reader = Reader(inflate(text[len(VERSION) :]))
    signature = reader.blob()
    signed = reader.rest()
    app_id = reader.text()
    issued_at, ttl, salt = reader.u32(), reader.u32(), reader.u32()
    services: list[Service] = []
    unknown_service = None
    for _ in range(reader.u16()):
        number = reader.u16()
        if not is_known(number):
            unknown_service = number
            break
        services.append(read_service(number, reader))
    token = AccessToken(app_id=app_id, issued_at=issued_at, ttl=ttl, salt=salt, services=tuple(services))
    return ParsedToken(token=token, signature=signature, signed=signed, unknown_service=unknown_service)


def inflate(encoded: str) -> bytes:
    """The payload of a token's text after its version: the form in which two tokens are compared.

    Bounded: a small text that inflates without end costs ``MAX_PAYLOAD_BYTES`` and is refused with
    ``InvalidToken``, as is everything that is not exactly one whole zlib stream in standard base64.
    """
    packed = decode_base64(encoded)
    inflater = zlib.decompressobj()
    try:
        payload = inflater.decompress(packed, MAX_PAYLOAD_BYTES + 1)
    except zlib.error:
        raise InvalidToken("The token is not compressed as tokens are") from None
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise InvalidToken(f"The token inflates to more than {MAX_PAYLOAD_BYTES} bytes")
    if not inflater.eof or inflater.unused_data:
        raise InvalidToken("The token is cut short or has something after its end")
    return payload


def decode_base64(encoded: str) -> bytes:
    """Standard padded base64 of bounded length. Raises ``InvalidToken`` only."""
    if len(encoded) > MAX_TOKEN_CHARS:
        raise InvalidToken(f"The token has more than {MAX_TOKEN_CHARS} characters")
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise InvalidToken("The token is not base64") from None


def _signed_part(token: AccessToken) -> bytes:
    header = (
        pack_text(token.app_id),
        pack_u32(token.issued_at),
        pack_u32(token.ttl),
        pack_u32(token.salt),
        pack_u16(len(token.services)),
    )
    services = map(pack_service, sorted(token.services, key=service_type))
    return b"".join((*header, *services))


def _sign(signed: bytes, certificate: str, issued_at: int, salt: int) -> bytes:
    key = hmac.digest(pack_u32(issued_at), certificate.encode(), "sha256")
    key = hmac.digest(pack_u32(salt), key, "sha256")
    return hmac.digest(key, signed, "sha256")
