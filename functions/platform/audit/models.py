"""What the audit routes speak."""

from shared.core.http.models import Model


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
