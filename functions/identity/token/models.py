"""What the token route speaks."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.core.http.models import Model
from shared.identity.keys import scope_name
from shared.identity.tokens import MAX_TTL_S


class TokenRequest(Model):
    """An exchange of the presented key for a short-lived token."""

    scopes: list[Annotated[str, AfterValidator(scope_name)]] | None = Field(
        None, min_length=1, max_length=20, description="fewer than the key has; default all"
    )
    ttl_seconds: int = Field(MAX_TTL_S, ge=60, le=MAX_TTL_S)


class TokenView(Model):
    """A bearer token (RFC 6750)."""

    access_token: str
    token_type: str
    expires_at: str
    scope: str
