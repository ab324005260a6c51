"""The port of tenant encryption: a secret is sealed for one organization and one purpose."""

from dataclasses import dataclass
from typing import Protocol

from shared.core.scope import OrgScope


@dataclass(frozen=True, slots=True)
class Sealed:
    """AES-256-GCM under a data key of (organization, purpose); the wrapped data key lies beside the ciphertext."""

    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes

    def pack(self) -> bytes:
        """One byte string to store: version 1, u16 key length, key, 12-byte nonce, ciphertext."""
        return b"\x01" + len(self.wrapped_key).to_bytes(2, "big") + self.wrapped_key + self.nonce + self.ciphertext

    @classmethod
    def unpack(cls, packed: bytes) -> "Sealed":
        """The reverse. Raises ``ValueError``."""
        size = int.from_bytes(packed[1:3], "big")
        if packed[:1] != b"\x01" or len(packed) < 3 + size + 12:
            message = "not a sealed secret"
            raise ValueError(message)
        return cls(packed[3 : 3 + size], packed[3 + size : 15 + size], packed[15 + size :])


class CannotOpen(Exception):
    """Wrong organization, purpose or context, or the ciphertext was changed."""


class TenantCipher(Protocol):
    """Seals and opens. ``context`` binds a ciphertext to its place (``table|pk|field``), so it cannot be moved."""

    def seal(self, org: OrgScope, purpose: str, secret: bytes, context: str) -> bytes:
        """A packed :class:`Sealed`."""

    def open(self, org: OrgScope, purpose: str, sealed: bytes, context: str) -> bytes:
        """The secret. Raises :class:`CannotOpen`."""
