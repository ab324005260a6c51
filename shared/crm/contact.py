"""A contact in our own shape, its link to the provider's record, and what a re-pull makes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from shared.core.ids import derived
from shared.crm.source import SourceRecord

PREFIX = "cont"
_SHARED = 8
"""Characters (40 bits) that all contacts of one connection have in common."""


@dataclass(frozen=True, slots=True)
class Link:
    """Our record ↔ the provider's."""

    provider: str
    connection_id: str
    provider_id: str
    updated_at: int
    """When the provider last changed what this version holds; its clock, milliseconds."""


@dataclass(frozen=True, slots=True)
class Contact:
    """The canonical record. ``fields`` holds what has a value, under the names of shared/crm/fields.py."""

    id: str
    link: Link
    fields: Mapping[str, str]
    archived: bool
    version: int
    created_at: int
    updated_at: int


def id_prefix(connection_id: str) -> str:
    """What the ids of a connection's contacts begin with: so they lie together and are listed by a range."""
    return derived(PREFIX, connection_id)[: len(PREFIX) + 1 + _SHARED]


def contact_id(connection_id: str, provider_id: str) -> str:
    """The same id for the same record, however often it is pulled: the connection's prefix, then 90 bits of its own."""
    prefix = id_prefix(connection_id)
    own = derived(PREFIX, connection_id, provider_id)
    return prefix + own[len(prefix) :]


def merge(known: Contact | None, record: SourceRecord, provider: str, connection_id: str, now: int) -> Contact | None:
    """The contact to store, or None when the pull brought nothing new.

    The provider is the only writer, so its record wins, unless ours came from a later change there: a page that
    was fetched first may be stored last.
    """
    link = Link(provider, connection_id, record.provider_id, record.updated_at)
    if known is None:
        made = contact_id(connection_id, record.provider_id)
        return Contact(made, link, dict(record.fields), record.archived, 1, now, now)
    same = dict(known.fields) == dict(record.fields) and known.archived == record.archived
    if same or record.updated_at < known.link.updated_at:
        return None
    return replace(
        known,
        link=link,
        fields=dict(record.fields),
        archived=record.archived,
        version=known.version + 1,
        updated_at=now,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A contact to store; ``over`` is the version it replaces, 0 for a new one."""

    contact: Contact
    over: int


def changes(
    known: Mapping[str, Contact], records: Iterable[SourceRecord], provider: str, connection_id: str, now: int
) -> list[Change]:
    """What a page changes. A record that a page repeats counts once, its latest state."""
    latest: dict[str, SourceRecord] = {}
    for record in records:
        before = latest.get(record.provider_id)
        if before is None or before.updated_at <= record.updated_at:
            latest[record.provider_id] = record
    found = []
    for record in latest.values():
        old = known.get(contact_id(connection_id, record.provider_id))
        made = merge(old, record, provider, connection_id, now)
        if made is not None:
            found.append(Change(made, old.version if old else 0))
    return found


class Superseded(Exception):
    """Another worker stored one of these contacts meanwhile."""


class Contacts(Protocol):
    """An organization's contacts."""

    def get(self, contact_id: str) -> Contact | None:
        """One contact."""

    def page(
        self, *, limit: int, after: str | None, connection_id: str | None = None, email: str | None = None
    ) -> Sequence[Contact]:
        """In order of their ids, after the id ``after``. ``email`` compares without case; its index lags a moment."""

    def known(self, ids: Sequence[str]) -> dict[str, Contact]:
        """Those of at most 100 ids that exist, as they are now."""

    def store(self, found: Sequence[Change], now: int) -> None:
        """Store each unless its predecessor is no longer current. Raises :class:`Superseded`; some may be stored."""
