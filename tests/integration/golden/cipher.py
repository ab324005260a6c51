"""A cipher whose ciphertexts outlive a test's key, so that sealed attributes can lie in a golden item."""

import hashlib

from shared.core.scope import OrgScope
from shared.core.secrets import CannotOpen

MARK = b"golden:"


class GoldenCipher:
    """A :class:`shared.core.secrets.TenantCipher` that hides nothing, but binds as the real one does."""

    def seal(self, org: OrgScope, purpose: str, secret: bytes, context: str) -> bytes:
        """The secret behind a digest of what it is bound to."""
        return MARK + _bound(org, purpose, context) + secret

    def open(self, org: OrgScope, purpose: str, sealed: bytes, context: str) -> bytes:
        """The secret. Raises :class:`CannotOpen` where organization, purpose or context differ from the sealing's."""
        mark = MARK + _bound(org, purpose, context)
        if not sealed.startswith(mark):
            raise CannotOpen
        return sealed.removeprefix(mark)


def _bound(org: OrgScope, purpose: str, context: str) -> bytes:
    return hashlib.sha256(f"{org.org}|{purpose}|{context}".encode()).digest()[:8]
