"""What the audit routes speak."""

from pydantic import Field

from shared.core.http.models import Model
from shared.core.pagination import DEFAULT_LIMIT, MAX_LIMIT


class AuditQuery(Model):
    """Paging."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = None


class AuditEntryView(Model):
    """One deed in the chain; ``hash`` covers ``previous``."""

    seq: int
    action: str
    actor: str
    target: str | None
    details: dict[str, str]
    request_id: str
    at: str
    previous: str
    hash: str
