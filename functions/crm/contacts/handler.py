"""/v1/crm/contacts — contacts in one shape, whatever CRM they came from."""

from functions.crm.contacts import service
from functions.crm.contacts.models import ContactsQuery, ContactView
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container
from shared.runtime.crm import contacts
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("CRM")

REVALIDATE = "private, no-cache"
"""May be kept by its caller, but asked about each time: that is what the ETag is for."""


@routes.add(
    "GET",
    "/v1/crm/contacts",
    name="listContacts",
    scope="crm:read",
    query=ContactsQuery,
    returns=ContactView,
    paged=True,
)
def list_contacts(call: Call) -> Page:
    """List contacts, of one connection or with one e-mail address if asked. The e-mail index lags a moment."""
    return service.page(contacts(container, call.org), call.query)


@routes.add(
    "GET",
    "/v1/crm/contacts/{contact_id}",
    name="getContact",
    scope="crm:read",
    returns=ContactView,
    cache_control=REVALIDATE,
)
def get_contact(call: Call) -> ContactView:
    """Show one contact. Send its ETag back as If-None-Match to be told 304 while it has not changed."""
    return service.get(contacts(container, call.org), call.path("contact_id"))


handler = lambda_api(routes, container)
