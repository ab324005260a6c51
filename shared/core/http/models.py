"""The base of every request and response model, and the two that every list and every deletion speaks."""

from pydantic import BaseModel, ConfigDict, Field

from shared.core.pagination import DEFAULT_LIMIT, MAX_LIMIT


class Model(BaseModel):
    """Strict: no coercion, no unknown fields, immutable."""

    # Built on first use: a cold start pays for the models of the one route it answers.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class PageQuery(Model):
    """Which page of a list. ``cursor`` is the last page's ``meta.next_cursor``."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class Deleted(Model):
    """What is gone."""

    id: str
    deleted: bool
