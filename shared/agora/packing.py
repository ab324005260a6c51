"""The byte forms inside Agora tokens: little-endian integers and length-prefixed values.

Source: AgoraIO/Tools, DynamicKey/AgoraDynamicKey/python3/src/Packer.py. A string is a u16 byte
length and its UTF-8 bytes; a map is a u16 count and its pairs in ascending key order.

Packers raise ``struct.error`` or ``UnicodeEncodeError`` for a value that does not fit; the builder
turns both into ``UnbuildableToken``. The reader raises ``InvalidToken`` and nothing else.
"""

import struct
from collections.abc import Mapping

from shared.agora.errors import InvalidToken

_U16 = struct.Struct("<H")
_I16 = struct.Struct("<h")
_U32 = struct.Struct("<I")

pack_u16 = _U16.pack
pack_i16 = _I16.pack
pack_u32 = _U32.pack


def pack_blob(value: bytes) -> bytes:
    """A u16 length and the bytes; at most 65 535 of them."""
    return pack_u16(len(value)) + value


def pack_text(value: str) -> bytes:
    """A u16 length and the UTF-8 bytes; the length counts bytes."""
    return pack_blob(value.encode())


def pack_numbers(value: Mapping[int, int]) -> bytes:
    """A map of u16 to u32, in ascending key order."""
    pairs = (pack_u16(key) + pack_u32(value[key]) for key in sorted(value))
    return pack_u16(len(value)) + b"".join(pairs)


class Reader:
    """Reads values one after another out of a payload; never past its end."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def u16(self) -> int:
        """The next unsigned 16-bit integer."""
        return self._number(_U16)

    def i16(self) -> int:
        """The next signed 16-bit integer."""
        return self._number(_I16)

    def u32(self) -> int:
        """The next unsigned 32-bit integer."""
        return self._number(_U32)

    def blob(self) -> bytes:
        """The next length-prefixed bytes."""
        return self._take(self.u16())

    def text(self) -> str:
        """The next length-prefixed string. Bytes that are not UTF-8 make the token invalid."""
        try:
            return self.blob().decode()
        except UnicodeDecodeError:
            raise InvalidToken("A text in the token is not UTF-8") from None

    def numbers(self) -> dict[int, int]:
        """The next map of u16 to u32; the last of a repeated key counts, as it does upstream."""
        return {self.u16(): self.u32() for _ in range(self.u16())}

    def rest(self) -> bytes:
        """What has not been read yet, without reading it."""
        return self._payload[self._at :]

    def _number(self, form: struct.Struct) -> int:
        (number,) = form.unpack(self._take(form.size))
        return int(number)

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._payload):
            raise InvalidToken("The token ends in the middle of a value")
        taken = self._payload[self._at : end]
        self._at = end
        return taken
