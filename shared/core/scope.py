"""Who acts, and in which organization.

``OrgScope`` is the only key to an organization's data: every repository is built from one. It cannot be
constructed by a handler or a service. Three places can, each after proof: the authenticator (a verified
credential), the work envelope (an item this system wrote), and the token of an inbound source.
"""

from dataclasses import dataclass
from typing import Final


class _Seal:
    """Proof of origin; one instance, private to this module's makers."""


_SEAL: Final = _Seal()


@dataclass(frozen=True, slots=True)
class OrgScope:
    """Access to one organization's data. Make it with a ``*_scope`` function below, never by hand."""

    org: str
    seal: _Seal

    def __post_init__(self) -> None:
        """Refuse a scope that did not come from one of the makers."""
        if self.seal is not _SEAL:
            message = "an OrgScope comes from the authenticator or a verified work envelope only"
            raise TypeError(message)


@dataclass(frozen=True, slots=True)
class Principal:
    """An API key, user session or OAuth client acting in one organization."""

    id: str
    """``key_…``; the rate limit is counted per principal."""
    org: OrgScope
    scopes: frozenset[str]
    via: str
    """``api_key`` or ``jwt``."""

    expires_at: int | None = None
    """When the credential ends, milliseconds: what is made from it ends no later."""

    def covers(self, scope: str) -> bool:
        """Whether it may hand ``scope`` on: a star is covered by itself and by the star of all."""
        return scope in self.scopes or "*" in self.scopes or (not scope.endswith("*") and self.may(scope))

    def may(self, scope: str) -> bool:
        """``agora:tokens`` is granted by itself, by ``agora:*`` and by ``*``."""
        domain = scope.partition(":")[0]
        return scope in self.scopes or f"{domain}:*" in self.scopes or "*" in self.scopes


def authenticated_scope(org: str) -> OrgScope:
    """For the authenticator, after the credential was verified."""
    return OrgScope(org, _SEAL)


def stored_scope(org: str) -> OrgScope:
    """For adapters, from an item this system wrote itself (a work item, a source, a schedule)."""
    return OrgScope(org, _SEAL)
