"""/v1/webhooks/endpoints — whom we notify."""

import secrets

from functions.webhooks.manage import endpoints, models
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container
from shared.webhooks.signing import GENERATED

READ, ADMIN = "webhooks:read", "webhooks:admin"


def add(routes: Routes, container: Container) -> None:
    """Declare them."""

    @routes.add(
        "POST",
        "/v1/webhooks/endpoints",
        name="createEndpoint",
        scope=ADMIN,
        body=models.CreateEndpoint,
        returns=models.CreatedEndpoint,
        status=201,
        idempotent=True,
        hide_on_replay=("secret",),
    )
    def create_endpoint(call: Call) -> models.CreatedEndpoint:
        """Register a URL that receives events. Its signing secret is told this once."""
        return endpoints.create(
            container.endpoints(call.org),
            container.url_guard,
            call.body,
            endpoint_id=call.new_id("end"),
            entropy=secrets.token_bytes(GENERATED),
            now=call.now,
        )

    @routes.add(
        "GET",
        "/v1/webhooks/endpoints",
        name="listEndpoints",
        scope=READ,
        query=PageQuery,
        returns=models.EndpointView,
        paged=True,
    )
    def list_endpoints(call: Call) -> Page:
        """List the endpoints, without their secrets."""
        return endpoints.page(container.endpoints(call.org), call.query)

    @routes.add(
        "GET",
        "/v1/webhooks/endpoints/{endpoint_id}",
        name="getEndpoint",
        scope=READ,
        returns=models.EndpointView,
    )
    def get_endpoint(call: Call) -> models.EndpointView:
        """Show one endpoint, without its secret."""
        return endpoints.get(container.endpoints(call.org), call.path("endpoint_id"))

    @routes.add(
        "DELETE",
        "/v1/webhooks/endpoints/{endpoint_id}",
        name="deleteEndpoint",
        scope=ADMIN,
        returns=Deleted,
    )
    def delete_endpoint(call: Call) -> Deleted:
        """Remove an endpoint; what is pending for it is cancelled."""
        return endpoints.delete(container.endpoints(call.org), call.path("endpoint_id"))
