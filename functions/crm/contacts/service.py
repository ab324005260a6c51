"""Reading contacts."""

from functions.crm.contacts.models import ContactsQuery, ContactView, LinkView
from shared.core import pagination
from shared.core.clock import rfc3339
from shared.core.errors import FieldError, Invalid, NotFound
from shared.core.http.routes import Page
from shared.core.ids import is_id
from shared.crm.contact import PREFIX, Contact, Contacts, id_prefix

_FIELDS = ContactView.model_fields.keys()


def page(contacts: Contacts, query: ContactsQuery) -> Page:
    """One page, in order of ids. Raises 422 for a cursor that is not one of this list and filter."""
    filters = f"{query.connection_id or ''}|{(query.email or '').lower()}"
    after = pagination.decode(query.cursor, filters)
    begins = id_prefix(query.connection_id) if query.connection_id else ""
    if after is not None and not (is_id(PREFIX, after) and after.startswith(begins)):
        raise Invalid(fields=[FieldError("?cursor", "is not a cursor of this list and filter")])
    found = contacts.page(limit=query.limit + 1, after=after, connection_id=query.connection_id, email=query.email)
    shown = found[: query.limit]
    cursor = pagination.encode(shown[-1].id, filters) if len(found) > query.limit else None
    return Page([_view(c) for c in shown], query.limit, cursor)


def get(contacts: Contacts, contact_id: str) -> ContactView:
    """One contact. Raises 404."""
    contact = contacts.get(contact_id) if is_id(PREFIX, contact_id) else None
    if contact is None:
        raise NotFound
    return _view(contact)


def _view(contact: Contact) -> ContactView:
    fields = {name: value for name, value in contact.fields.items() if name in _FIELDS}
    return ContactView(
        **fields,
        id=contact.id,
        archived=contact.archived,
        link=LinkView(
            provider=contact.link.provider,
            connection_id=contact.link.connection_id,
            provider_id=contact.link.provider_id,
            updated_at=rfc3339(contact.link.updated_at),
        ),
        version=contact.version,
        created_at=rfc3339(contact.created_at),
        updated_at=rfc3339(contact.updated_at),
    )
