"""A provider's contacts, as the port the pull reads them through.

    SourceError
    ├── SourceRefused    asking again changes nothing: the connection needs its owner
    ├── SourceBusy       over the provider's rate limit: wait as long as it takes
    ├── SourcePaused     not asked: it fails everybody just now, and is left alone for a while
    └── SourceDown       no usable answer: try again, for a while

The rules for "again" are in shared/crm/pull.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PullProblem(StrEnum):
    """Why a pull stands still or ended early, as told to the connection's owner."""

    UNAUTHORIZED = "unauthorized"
    """The provider does not know the token (any more)."""
    FORBIDDEN = "forbidden"
    """The token is good but lacks the scope to read contacts."""
    REJECTED = "rejected"
    """The provider will not answer this request, however often it is asked."""
    RATE_LIMITED = "rate_limited"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    INTERNAL = "internal"
    """Our own code failed again and again; an operator has been alarmed."""


class SourceError(Exception):
    """The provider gave no page."""

    def __init__(self, problem: PullProblem, wait: int | None = None) -> None:
        """``wait``: milliseconds that the provider asked for."""
        super().__init__(problem.value)
        self.problem = problem
        self.wait = wait


class SourceRefused(SourceError):
    """Asking again changes nothing."""


class SourceBusy(SourceError):
    """Over the provider's rate limit."""


class SourcePaused(SourceError):
    """Not asked, so this is no try: the circuit to the provider is open."""


class SourceDown(SourceError):
    """No usable answer."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One contact as the provider holds it, already in our field names."""

    provider_id: str
    fields: Mapping[str, str]
    archived: bool
    updated_at: int
    """By the provider's clock, milliseconds."""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """Some records and the cursor of the next page; None: that was the last."""

    records: tuple[SourceRecord, ...]
    next: str | None


class ContactSource(Protocol):
    """One provider. ``page`` is one request."""

    def page(self, token: str, cursor: str | None) -> SourcePage:
        """The page at ``cursor`` (None: the first). Raises :class:`SourceError`."""
