"""Access tokens: ES256 JWTs (RFC 7519) of at most 15 minutes, signed by keys of our own, told in a JWKS."""

from dataclasses import dataclass
from typing import Any, Protocol

from shared.core.clock import MINUTE, SECOND
from shared.core.errors import CredentialExpired, Unauthorized
from shared.core.scope import Principal, authenticated_scope
from shared.identity.keys import scope_name

AUDIENCE = "switchboard"
ALGORITHM = "ES256"
MAX_TTL_S = 15 * MINUTE // SECOND
LEEWAY_S = 5
"""Clocks of our own functions differ by less."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A P-256 key pair. ``private_pem`` is opened only to sign."""

    kid: str
    public_jwk: dict[str, str]
    private_pem: bytes


class SigningKeys(Protocol):
    """The platform's signing keys."""

    def current(self) -> SigningKey:
        """The key to sign with; made on first use."""

    def public(self) -> list[dict[str, str]]:
        """Every key a token may still be signed with, as JWKs."""


def issue(principal: Principal, key: SigningKey, *, issuer: str, now: int) -> str:
    """A token with the principal's organization, scopes and end, at most :data:`MAX_TTL_S` from now.

    Raises ``ValueError`` for something that is no scope: the claim is split at spaces when it is read.
    """
    import jwt

    latest = now // SECOND + MAX_TTL_S
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": principal.id,
        "org": principal.org.org,
        "scope": " ".join(sorted(scope_name(s) for s in principal.scopes)),
        "iat": now // SECOND,
        "nbf": now // SECOND,
        "exp": latest if principal.expires_at is None else min(latest, principal.expires_at // SECOND),
    }
    return jwt.encode(claims, key.private_pem, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": "at+jwt"})


def verify(token: str, public: list[dict[str, str]], *, issuer: str, now: int) -> Principal:
    """The principal of a token of ours. Raises 401 for anything else: another algorithm, key, issuer or audience."""
    import jwt

    try:
        header = jwt.get_unverified_header(token)
        jwk = next((k for k in public if k["kid"] == header.get("kid")), None)
        if jwk is None or header.get("alg") != ALGORITHM or header.get("typ") != "at+jwt":
            raise Unauthorized
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(jwk).key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=issuer,
            options={
                "require": ["exp", "nbf", "iat", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        expires, starts = int(claims["exp"]), int(claims["nbf"])
        org, scope = str(claims["org"]), str(claims["scope"])
    except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        raise Unauthorized from error
    if starts * SECOND > now + LEEWAY_S * SECOND:
        raise Unauthorized
    if expires * SECOND <= now - LEEWAY_S * SECOND:
        raise CredentialExpired
    scopes = frozenset(scope.split())
    return Principal(str(claims["sub"]), authenticated_scope(org), scopes, via="jwt", expires_at=expires * SECOND)
