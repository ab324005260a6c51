"""/v1/connections — an organization's accounts at CRM providers."""

from functions.crm.connections import service
from functions.crm.connections.models import ConnectHubSpot, ConnectionView
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Call, Page, Routes
from shared.crm.connection import Connections
from shared.crm.pull import Order, Pulls
from shared.runtime import crm
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("CRM")
ALL, ONE = "/v1/connections", "/v1/connections/{connection_id}"


def _stores(call: Call) -> tuple[Connections, Pulls]:
    return crm.connections(container, call.org), crm.pulls(container, call.org)


def _order(call: Call) -> Order:
    return Order(call.caller.id, call.request.request_id, call.now)


@routes.add(
    "POST",
    f"{ALL}/hubspot",
    name="connectHubSpot",
    scope="crm:admin",
    body=ConnectHubSpot,
    returns=ConnectionView,
    status=201,
    idempotent=True,
)
def connect_hubspot(call: Call) -> ConnectionView:
    """Connect a HubSpot account and start pulling its contacts. A token HubSpot refuses shows as the status."""
    return service.connect(*_stores(call), call.body, call.new_id("conn"), _order(call))


@routes.add("GET", ALL, name="listConnections", scope="crm:read", query=PageQuery, returns=ConnectionView, paged=True)
def list_connections(call: Call) -> Page:
    """List the connections, oldest first, with the state of their pulls."""
    return service.page(*_stores(call), call.query)


@routes.add("GET", ONE, name="getConnection", scope="crm:read", returns=ConnectionView)
def get_connection(call: Call) -> ConnectionView:
    """Show one connection and the state of its pull."""
    return service.get(*_stores(call), call.path("connection_id"))


@routes.add(
    "POST",
    f"{ONE}/sync",
    name="syncConnection",
    scope="crm:admin",
    returns=ConnectionView,
    status=202,
    idempotent=True,
)
def sync_connection(call: Call) -> ConnectionView:
    """Pull all contacts again, from the beginning; 409 while a pull is under way."""
    return service.sync(*_stores(call), call.path("connection_id"), _order(call))


@routes.add("DELETE", ONE, name="deleteConnection", scope="crm:admin", returns=Deleted)
def delete_connection(call: Call) -> Deleted:
    """Forget a connection with its token and stop its pull; the contacts it brought stay."""
    return service.delete(*_stores(call), call.path("connection_id"))


handler = lambda_api(routes, container)
