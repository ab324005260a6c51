"""Exchanging an API key for an access token."""

from dataclasses import replace

from functions.identity.token.models import TokenRequest, TokenView
from shared.core.clock import SECOND, rfc3339
from shared.core.errors import Forbidden
from shared.core.scope import Principal
from shared.identity import tokens
from shared.identity.tokens import SigningKeys


def exchange(wanted: TokenRequest, principal: Principal, signing: SigningKeys, *, issuer: str, now: int) -> TokenView:
    """A token of at most 15 minutes that ends no later than its key.

    Raises 403 for a scope the key lacks, and for a token offered instead of a key.
    """
    if principal.via != "api_key":
        raise Forbidden("a token cannot be exchanged for another; present the API key")
    scopes = frozenset(wanted.scopes) if wanted.scopes else principal.scopes
    lacking = sorted(s for s in scopes if not principal.covers(s))
    if lacking:
        raise Forbidden(f"the key lacks {', '.join(lacking)}")
    ends = now // SECOND * SECOND + wanted.ttl_seconds * SECOND
    expires_at = ends if principal.expires_at is None else min(ends, principal.expires_at)
    narrowed = replace(principal, scopes=scopes, via="jwt", expires_at=expires_at)
    return TokenView(
        access_token=tokens.issue(narrowed, signing.current(), issuer=issuer, now=now),
        token_type="Bearer",  # noqa: S106 - a type, not a secret
        expires_at=rfc3339(expires_at),
        scope=" ".join(sorted(scopes)),
    )
