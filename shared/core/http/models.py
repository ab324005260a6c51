"""The base of every request and response model."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Strict: no coercion, no unknown fields, immutable."""

    # Built on first use: a cold start pays for the models of the one route it answers.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
