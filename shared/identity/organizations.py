"""Organizations: the tenants. A sandbox is an organization of its own, with ``parent`` set."""

from dataclasses import dataclass
from typing import Protocol

from shared.core.scope import OrgScope
from shared.identity.keys import Mode


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant."""

    id: str
    name: str
    mode: Mode
    created_at: int
    parent: str | None = None


class Organizations(Protocol):
    """All of them; for operators and the key exchange."""

    def create(self, organization: Organization) -> None:
        """Raises 409 if the id is taken."""

    def mode(self, org: OrgScope) -> Mode:
        """Whether the organization is live or a sandbox: its keys say so in their first letters."""
