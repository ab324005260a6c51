"""/v1/connections — an organization's accounts at CRM providers."""

from functions.crm.connections import service
from functions.crm.connections.models import ConnectHubSpot, ConnectionView, Deleted, ListQuery
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container
from shared.runtime.crm import connections, pulls
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("CRM")


@routes.add(
    "POST",
    "/v1/connections/hubspot",
    name="connectHubSpot",
    scope="crm:admin",
    body=ConnectHubSpot,
    returns=ConnectionView,
    status=201,
    idempotent=True,
)
def connect_hubspot(call: Call) -> ConnectionView:
    """Connect a HubSpot account and start pulling its contacts. A token HubSpot refuses shows as the status."""
    return service.connect(
        connections(container, call.org),
        pulls(container, call.org),
        call.body,
        connection_id=call.new_id("conn"),
        actor=call.caller.id,
        request_id=call.request.request_id,
        now=call.now,
    )


@routes.add(
    "GET",
    "/v1/connections",
    name="listConnections",
    scope="crm:read",
    query=ListQuery,
    returns=ConnectionView,
    paged=True,
)
def list_connections(call: Call) -> Page:
    """List the connections, oldest first, with the state of their pulls."""
    return service.page(connections(container, call.org), pulls(container, call.org), call.query)


@routes.add("GET", "/v1/connections/{connection_id}", name="getConnection", scope="crm:read", returns=ConnectionView)
def get_connection(call: Call) -> ConnectionView:
    """Show one connection and the state of its pull."""
    return service.get(connections(container, call.org), pulls(container, call.org), call.path("connection_id"))


@routes.add(
    "POST",
    "/v1/connections/{connection_id}/sync",
    name="syncConnection",
    scope="crm:admin",
    returns=ConnectionView,
    status=202,
    idempotent=True,
)
def sync_connection(call: Call) -> ConnectionView:
    """Pull all contacts again, from the beginning; 409 while a pull is under way."""
    return service.sync(
        connections(container, call.org),
        pulls(container, call.org),
        call.path("connection_id"),
        actor=call.caller.id,
        request_id=call.request.request_id,
        now=call.now,
    )


@routes.add("DELETE", "/v1/connections/{connection_id}", name="deleteConnection", scope="crm:admin", returns=Deleted)
def delete_connection(call: Call) -> Deleted:
    """Forget a connection with its token and stop its pull; the contacts it brought stay."""
    return service.delete(connections(container, call.org), pulls(container, call.org), call.path("connection_id"))


handler = lambda_api(routes, container)
