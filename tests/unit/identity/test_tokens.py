"""Access tokens: what opens, and everything that must not."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.core.errors import CredentialExpired, Unauthorized
from shared.core.scope import Principal, authenticated_scope
from shared.identity import tokens
from shared.identity.tokens import SigningKey

NOW = 1_795_161_600_000
ISSUER = "https://api.switchboard.test"
PRINCIPAL = Principal("key_1", authenticated_scope("org_1"), frozenset({"agora:tokens"}), "api_key")


def make_key(kid: str) -> SigningKey:
    """A P-256 pair."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key())) | {"kid": kid, "alg": "ES256"}
    return SigningKey(kid, jwk, pem)


KEY = make_key("jwk_1")
OTHER = make_key("jwk_1")


def issue(ttl_s: int = 900, key: SigningKey = KEY, issuer: str = ISSUER) -> str:
    """A token of ours."""
    return tokens.issue(replace(PRINCIPAL, expires_at=NOW + ttl_s * 1000), key, issuer=issuer, now=NOW)


def verify(token: str, now: int = NOW) -> Principal:
    """As the authenticator does."""
    return tokens.verify(token, [KEY.public_jwk], issuer=ISSUER, now=now)


def unsigned(claims: Mapping[str, object], header: Mapping[str, object]) -> str:
    """A token with any header and no signature."""
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in (header, claims)]
    return ".".join([*parts, ""])


def test_a_token_carries_its_principal() -> None:
    """Given a token of ours, when verified, then it is the principal it was issued to."""
    principal = verify(issue())

    assert (principal.id, principal.org.org, principal.scopes, principal.via) == (
        "key_1",
        "org_1",
        frozenset({"agora:tokens"}),
        "jwt",
    )


def test_no_token_lives_longer_than_a_quarter_hour() -> None:
    """Given a wish for a day, when issued, then the token ends after 15 minutes."""
    token = issue(ttl_s=86_400)

    with pytest.raises(CredentialExpired):
        verify(token, NOW + 906_000)


def _claims() -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(issue(), options={"verify_signature": False})
    return claims


def _hs256_with_public_key() -> str:
    """Algorithm confusion: the public key, known to all, used as an HMAC secret."""
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "jwk_1"}
    parts = unsigned(_claims(), header).rstrip(".")
    mac = hmac.digest(base64.urlsafe_b64decode(KEY.public_jwk["x"] + "="), parts.encode(), "sha256")
    return f"{parts}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


FORGED: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned(_claims(), {"alg": "none", "typ": "at+jwt", "kid": "jwk_1"}),
    "alg none, typ JWT": lambda: unsigned(_claims(), {"alg": "none", "typ": "JWT"}),
    "another key of the same kid": lambda: issue(key=OTHER),
    "an unknown kid": lambda: issue(key=SigningKey("jwk_2", KEY.public_jwk, KEY.private_pem)),
    "another issuer": lambda: issue(issuer="https://evil.test"),
    "HS256 over the public key": _hs256_with_public_key,
    "a changed payload": lambda: ".".join(
        [issue().split(".")[0], unsigned(_claims() | {"org": "org_2"}, {}).split(".")[1], issue().split(".")[2]]
    ),
    "garbage": lambda: "a.b.c",
    "not yet valid": lambda: tokens.issue(PRINCIPAL, KEY, issuer=ISSUER, now=NOW + 60_000),
    "another typ": lambda: jwt.encode(_claims(), KEY.private_pem, algorithm="ES256", headers={"kid": "jwk_1"}),
    "another audience": lambda: jwt.encode(
        _claims() | {"aud": "x"}, KEY.private_pem, algorithm="ES256", headers={"kid": "jwk_1", "typ": "at+jwt"}
    ),
    "no organization": lambda: jwt.encode(
        {k: v for k, v in _claims().items() if k != "org"},
        KEY.private_pem,
        algorithm="ES256",
        headers={"kid": "jwk_1", "typ": "at+jwt"},
    ),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_token_is_401(case: str) -> None:
    """Given a token that is not exactly ours, when verified, then it is refused."""
    with pytest.raises(Unauthorized) as refused:
        verify(FORGED[case]())

    assert refused.type is Unauthorized


@pytest.mark.parametrize("scope", ["webhooks: *", "webhooks:* *", "root", ""])
def test_what_is_no_scope_never_gets_into_a_token(scope: str) -> None:
    """Given a text that would split into more than it was, when issued, then that fails."""
    with pytest.raises(ValueError, match="is not a scope"):
        tokens.issue(replace(PRINCIPAL, scopes=frozenset({scope})), KEY, issuer=ISSUER, now=NOW)
