"""/v1/webhooks/deliveries and dead letters — what became of it."""

from functions.webhooks.manage import deliveries, models
from shared.core.http.models import PageQuery
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container

READ, ADMIN = "webhooks:read", "webhooks:admin"


def add(routes: Routes, container: Container) -> None:
    """Declare them."""

    @routes.add(
        "GET",
        "/v1/webhooks/deliveries",
        name="listDeliveries",
        scope=READ,
        query=models.DeliveryQuery,
        returns=models.DeliveryView,
        paged=True,
    )
    def list_deliveries(call: Call) -> Page:
        """List an endpoint's deliveries, newest first."""
        return deliveries.of_endpoint(container.deliveries(call.org), call.query)

    @routes.add(
        "GET",
        "/v1/webhooks/deliveries/{delivery_id}",
        name="getDelivery",
        scope=READ,
        returns=models.DeliveryView,
    )
    def get_delivery(call: Call) -> models.DeliveryView:
        """Show one delivery and its attempts."""
        return deliveries.get(container.deliveries(call.org), call.path("delivery_id"))

    @routes.add(
        "POST",
        "/v1/webhooks/deliveries/{delivery_id}/replay",
        name="replayDelivery",
        scope=ADMIN,
        returns=models.DeliveryView,
        status=202,
    )
    def replay_delivery(call: Call) -> models.DeliveryView:
        """Send a delivery that has ended once more, under the same webhook-id."""
        return deliveries.replay(
            container.deliveries(call.org),
            container.endpoints(call.org),
            container.messages(call.org),
            container.dispatcher(container.events_work),
            call.path("delivery_id"),
            by=call.caller,
            request_id=call.request.request_id,
            now=call.now,
        )

    @routes.add(
        "GET",
        "/v1/webhooks/dead-letters",
        name="listDeadLetters",
        scope=READ,
        query=PageQuery,
        returns=models.DeliveryView,
        paged=True,
    )
    def list_dead_letters(call: Call) -> Page:
        """List the deliveries that ran out of attempts, latest first."""
        return deliveries.dead_letters(container.deliveries(call.org), call.query)
