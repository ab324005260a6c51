"""Contacts in the ``crm`` table: one partition per organization, by id; the ``listing`` index finds an e-mail."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.adapters.dynamodb import keys
from shared.adapters.dynamodb.batch import get_many
from shared.adapters.dynamodb.table import ConditionFailed, DynamoTable, Update, stamped
from shared.core.clock import parse_rfc3339, rfc3339
from shared.core.scope import OrgScope
from shared.crm.contact import Change, Contact, Link, Superseded, id_prefix

_PARALLEL = 8
"""Writes at once: below botocore's ten connections. A page of a hundred takes a dozen round trips."""
_INDEXED_BYTES = 320
"""The longest address RFC 3696 §3 could be read to allow; an index key has a limit, a field has another."""


class DynamoContacts:
    """The :class:`shared.crm.contact.Contacts` of one organization."""

    def __init__(self, table: DynamoTable, org: OrgScope, region: str) -> None:
        """Of the ``crm`` table."""
        self._table = table
        self._org = org
        self._region = region

    def get(self, contact_id: str) -> Contact | None:
        """One read."""
        item = self._table.get(*keys.contact(self._org, contact_id))
        return _read(item) if item else None

    def page(
        self, *, limit: int, after: str | None, connection_id: str | None = None, email: str | None = None
    ) -> Sequence[Contact]:
        """One query: of the partition, or of the index when an address is asked for."""
        pk, index = keys.contacts(self._org), None
        if email is not None:
            pk, index = keys.contacts_by_email(self._org, email), "listing"
        begins = id_prefix(connection_id) if connection_id else ""
        found = self._table.query(pk, begins=begins, after=after, limit=limit, index=index)
        return [_read(item) for item in found]

    def known(self, ids: Sequence[str]) -> dict[str, Contact]:
        """One consistent batch read: what a killed worker stored is seen by the next."""
        found = get_many(self._table, [keys.contact(self._org, i) for i in ids], consistent=True)
        return {item["sk"]: _read(item) for item in found}

    def store(self, found: Sequence[Change], now: int) -> None:
        """One conditional write each, some at a time."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            try:
                list(pool.map(lambda change: self._store(change, now), found))
            except ConditionFailed as error:
                raise Superseded from error

    def _store(self, change: Change, now: int) -> None:
        key = keys.contact(self._org, change.contact.id)
        attributes = self._attributes(change.contact)
        if not change.over:
            stamps = stamped("contact", 1, self._org.org, self._region, now)
            self._table.put({"pk": key.pk, "sk": key.sk, **stamps, **attributes})
            return
        sets = {**attributes, "updated_at": rfc3339(now)}
        removes = () if "list_pk" in attributes else ("list_pk", "list_sk")
        self._table.update(
            *key, Update(sets=sets, removes=removes, condition="version = :over", values={":over": change.over})
        )

    def _attributes(self, contact: Contact) -> dict[str, Any]:
        attributes: dict[str, Any] = {
            "provider": contact.link.provider,
            "connection_id": contact.link.connection_id,
            "provider_id": contact.link.provider_id,
            "provider_updated_ms": contact.link.updated_at,
            "fields": dict(contact.fields),
            "archived": contact.archived,
            "version": contact.version,
        }
        email = contact.fields.get("email", "")
        if email and len(email.encode()) <= _INDEXED_BYTES:
            attributes |= {"list_pk": keys.contacts_by_email(self._org, email), "list_sk": contact.id}
        return attributes


def _read(item: dict[str, Any]) -> Contact:
    link = Link(item["provider"], item["connection_id"], item["provider_id"], item["provider_updated_ms"])
    return Contact(
        id=item["sk"],
        link=link,
        fields=item["fields"],
        archived=item["archived"],
        version=item["version"],
        created_at=parse_rfc3339(item["created_at"]),
        updated_at=parse_rfc3339(item["updated_at"]),
    )
