"""A connection: an organization's authorised account at a provider. Its token is sealed and never shown."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

Provider = Literal["hubspot"]
PREFIX = "conn"
PURPOSE = "crm"
"""The cipher's purpose for providers' tokens."""


@dataclass(frozen=True, slots=True)
class Connection:
    """As it may be shown."""

    id: str
    provider: str
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Credential:
    """What opens the account at the provider; never logged, never answered."""

    provider: str
    token: str = field(repr=False)


class Connections(Protocol):
    """An organization's connections."""

    def put(self, connection: Connection, token: str) -> Connection:
        """Store with the sealed token. The same id again replaces name and token and keeps the creation time."""

    def get(self, connection_id: str) -> Connection | None:
        """One connection."""

    def credential(self, connection_id: str) -> Credential | None:
        """The opened token, read consistently: what was stored a moment ago is seen."""

    def page(self, limit: int, after: str | None) -> list[Connection]:
        """In order of creation: ids are ULIDs."""

    def delete(self, connection_id: str) -> bool:
        """Forget it and its token. False when there is none."""
