"""Agora apps of an organization: the app id is told, the certificate is sealed."""

from dataclasses import dataclass
from typing import Protocol

PURPOSE = "agora"
"""The cipher's purpose for certificates."""
MAX_APPS = 50
"""Of one organization: all of them are read together, and remembered by each function that mints."""


@dataclass(frozen=True, slots=True)
class AgoraApp:
    """An app with its certificate opened; never logged, never answered."""

    app_id: str
    certificate: str
    """32 hexadecimal characters."""


@dataclass(frozen=True, slots=True)
class AgoraAppRecord:
    """An app as it may be shown."""

    app_id: str
    name: str
    created_at: int


class AgoraApps(Protocol):
    """An organization's apps."""

    def default(self) -> AgoraApp | None:
        """The app registered first; None when there is none."""

    def get(self, app_id: str) -> AgoraApp | None:
        """One app with its certificate."""

    def put(self, app_id: str, name: str, certificate: str, now: int) -> AgoraAppRecord:
        """Register, or replace name and certificate."""

    def page(self) -> list[AgoraAppRecord]:
        """All of them, :data:`MAX_APPS` at most."""

    def delete(self, app_id: str) -> bool:
        """False when there is none."""
