"""The base of every request and response model."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Strict: no coercion, no unknown fields, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
