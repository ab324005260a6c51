"""What the token routes speak."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from shared.agora import rules
from shared.core.http.models import Model

Channel = Annotated[str, AfterValidator(rules.channel_name), Field(description="1 to 63 of Agora's channel characters")]
Account = Annotated[str, AfterValidator(rules.account), Field(description="a string account, 1 to 255 bytes")]
Signature = Literal["valid", "invalid", "unknown_app", "not_checked"]
_BUILT_AT_ONCE = ConfigDict(defer_build=False)
"""Nearly every call mints: the init phase builds what it needs, no caller waits for it."""
MAX_TOKEN = 8192
"""Characters; the longest token of all services is far shorter."""


class MintRequest(Model):
    """One user in one channel: exactly one of ``uid`` and ``account``."""

    model_config = _BUILT_AT_ONCE

    kind: Literal["rtc"]
    channel: Channel
    uid: Annotated[int, AfterValidator(rules.uid)] | None = Field(None, ge=1, le=rules.MAX_UID)
    account: Account | None = None
    role: Literal["publisher", "subscriber"] = "publisher"
    ttl_seconds: int = Field(3600, ge=1, le=rules.MAX_TTL)
    app_id: str | None = Field(None, pattern=rules.HEX32_PATTERN, description="default: the app registered first")

    @model_validator(mode="after")
    def one_user(self) -> Self:
        """A token for anybody (uid 0) is a matter of policy and not offered here."""
        if (self.uid is None) == (self.account is None):
            message = "give exactly one of uid and account"
            raise ValueError(message)
        return self


class MintedToken(Model):
    """A token and when it ends. ``renew_at`` is 30 s before, when Agora's SDKs ask for a new one."""

    model_config = _BUILT_AT_ONCE

    token: str
    kind: str
    app_id: str
    channel: str
    role: str
    expires_at: str
    renew_at: str
    warnings: list[str]


class InspectRequest(Model):
    """A token to read."""

    token: str = Field(min_length=1, max_length=MAX_TOKEN)


class InspectedToken(Model):
    """What a token says, and whether an app of this organization signed it (a legacy 006 token is only read)."""

    version: str
    app_id: str
    issued_at: str | None
    expires_at: str | None
    expired: bool | None
    signature: Signature
    services: list[dict[str, Any]]
