"""Exchanging an API key for an access token."""

from functions.identity.token.models import TokenRequest, TokenView
from shared.core.clock import SECOND, rfc3339
from shared.core.errors import Forbidden
from shared.core.scope import Principal
from shared.identity import tokens
from shared.identity.tokens import SigningKeys


def exchange(wanted: TokenRequest, principal: Principal, signing: SigningKeys, *, issuer: str, now: int) -> TokenView:
    """A token of at most 15 minutes. Raises 403 for a scope the key lacks, and for a token offered instead of a key."""
    if principal.via != "api_key":
        message = "a token cannot be exchanged for another; present the API key"
        raise Forbidden(message)
    scopes = frozenset(wanted.scopes) if wanted.scopes else principal.scopes
    lacking = sorted(s for s in scopes if s not in principal.scopes and not principal.may(s))
    if lacking:
        message = f"the key lacks {', '.join(lacking)}"
        raise Forbidden(message)
    narrowed = Principal(principal.id, principal.org, scopes, via="jwt")
    token = tokens.issue(narrowed, signing.current(), issuer=issuer, ttl_s=wanted.ttl_seconds, now=now)
    expires = rfc3339((now // SECOND + wanted.ttl_seconds) * SECOND)
    return TokenView(access_token=token, token_type="Bearer", expires_at=expires, scope=" ".join(sorted(scopes)))  # noqa: S106 - a type, not a secret
