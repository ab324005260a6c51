"""The platform's signing keys: private halves sealed like a tenant's secret, for the platform itself."""

import base64
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, stamped
from shared.core.clock import MINUTE, Clock
from shared.core.ids import derived
from shared.core.scope import stored_scope
from shared.core.secrets import TenantCipher
from shared.identity.tokens import ALGORITHM, SigningKey

REMEMBERED = MINUTE
"""Until the newest key is looked for again: another region may have made it, or an operator."""
_PLATFORM = "org_platform"
_PURPOSE = "signing"
_FIRST = "0001"
"""Sort key of the first key. Rotation adds the next before it is used; a later issue's matter."""


class DynamoSigningKeys:
    """The :class:`shared.identity.tokens.SigningKeys`."""

    def __init__(self, table: DynamoTable, cipher: TenantCipher | None, region: str, clock: Clock) -> None:
        """Of the ``platform`` table. ``cipher`` is needed to sign, not to verify."""
        self._table = table
        self._cipher = cipher
        self._region = region
        self._clock = clock
        self._current: SigningKey | None = None
        self._until = 0

    def public(self) -> list[dict[str, str]]:
        """One query."""
        return [item["public_jwk"] for item in self._table.query(keys.signing_keys(), consistent=True)]

    def current(self) -> SigningKey:
        """The newest key; the first is made here, by whoever's conditional put comes first."""
        now = self._clock()
        if self._current is None or self._until <= now:
            items = self._table.query(keys.signing_keys(), consistent=True) or [self._make()]
            if self._current is None or self._current.kid != items[-1]["kid"]:
                self._current = self._open(items[-1])
            self._until = now + REMEMBERED
        return self._current

    def _open(self, item: dict[str, Any]) -> SigningKey:
        pem = self._sealer().open(stored_scope(_PLATFORM), _PURPOSE, item["private"], item["kid"])
        return SigningKey(item["kid"], item["public_jwk"], pem)

    def _sealer(self) -> TenantCipher:
        if self._cipher is None:
            message = "this function verifies tokens and does not sign them"
            raise RuntimeError(message)
        return self._cipher

    def _make(self) -> dict[str, Any]:
        private = ec.generate_private_key(ec.SECP256R1())
        public = _jwk(private.public_key())
        kid = public["kid"]
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        item: dict[str, Any] = {
            "pk": keys.signing_keys(),
            "sk": _FIRST,
            **stamped("signing_key", 1, _PLATFORM, self._region, self._clock()),
            "kid": kid,
            "public_jwk": public,
            "private": self._sealer().seal(stored_scope(_PLATFORM), _PURPOSE, pem, kid),
        }
        try:
            self._table.put(item)
        except ConditionFailed:
            return self._table.query(keys.signing_keys(), consistent=True)[-1]
        return item


def _jwk(public: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """RFC 7517 and 7518 §6.2.1: coordinates of 32 bytes, base64url without padding."""
    numbers = public.public_numbers()
    x, y = (base64.urlsafe_b64encode(n.to_bytes(32, "big")).decode().rstrip("=") for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "alg": ALGORITHM, "use": "sig", "kid": derived("jwk", x, y), "x": x, "y": y}
