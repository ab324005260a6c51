"""Looking at deliveries, and sending one again."""

from functions.webhooks.manage.models import AttemptView, DeliveryQuery, DeliveryView
from shared.core import pagination
from shared.core.clock import rfc3339
from shared.core.errors import Conflict, NotFound
from shared.core.http.models import PageQuery
from shared.core.http.routes import Page
from shared.core.scope import Principal
from shared.core.work.dispatch import Dispatcher
from shared.core.work.item import Replay
from shared.webhooks.entities import Delivery, EndpointStatus
from shared.webhooks.ports import Deliveries, Endpoints, Messages
from shared.webhooks.records import expiry
from shared.webhooks.schedule import MAX_HELD

_DEAD = "dead-letters"
"""Filter of the dead letters' cursors."""


def of_endpoint(store: Deliveries, query: DeliveryQuery) -> Page:
    """One page, newest first."""
    filters = f"{query.endpoint_id}|{query.status}"
    found, last = store.of_endpoint(query.endpoint_id, query.limit, pagination.decode(query.cursor, filters))
    shown = [_view(d) for d in found if query.status in (None, d.status)]
    return Page(shown, query.limit, pagination.encode(last, filters) if last else None)


def dead_letters(store: Deliveries, query: PageQuery) -> Page:
    """One page of what ran out of attempts, latest first."""
    found, last = store.dead_letters(query.limit, pagination.decode(query.cursor, _DEAD))
    return Page([_view(d) for d in found], query.limit, pagination.encode(last, _DEAD) if last else None)


def get(store: Deliveries, delivery_id: str) -> DeliveryView:
    """One delivery. Raises 404."""
    return _view(_found(store, delivery_id))


def replay(
    store: Deliveries,
    endpoints: Endpoints,
    messages: Messages,
    dispatcher: Dispatcher,
    delivery_id: str,
    *,
    by: Principal,
    request_id: str,
    now: int,
) -> DeliveryView:
    """A fresh series of attempts, under the same ``webhook-id``. Its past attempts stay listed.

    Delivery, message and pointer are kept as long as new ones: the retention must not end in the middle of the series.
    Raises 404, and 409 while an attempt is still to come, when its endpoint is deleted or disabled, or when its message
    has expired.
    """
    delivery = _found(store, delivery_id)
    endpoint = endpoints.get(delivery.endpoint_id)
    if endpoint is None or endpoint.status is EndpointStatus.DISABLED:
        raise Conflict("the delivery's endpoint is deleted or disabled")
    message = messages.keep(delivery.message_id, now)
    if message is None:
        raise Conflict("the delivery's message has expired")
    store.keep(delivery.endpoint_id, delivery_id, message.created_at, now)
    changes = {
        "made": 0,
        "closing": False,
        "outcome": None,
        "reason": None,
        "exhausted_at": None,
        "expires_at": expiry(now),
        "held": MAX_HELD,  # who replays expects the endpoint to be back: the first attempt does not ask its circuit
    }
    work = Replay(store.ref(delivery_id), delivery_id, by.org, changes, request_id, by.id)
    if not dispatcher.replay(work, now):
        raise Conflict("the delivery is still being attempted")
    return _view(_found(store, delivery_id))


def _found(store: Deliveries, delivery_id: str) -> Delivery:
    delivery = store.get(delivery_id)
    if delivery is None:
        raise NotFound
    return delivery


def _view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        message_id=delivery.message_id,
        endpoint_id=delivery.endpoint_id,
        event_type=delivery.event_type,
        status=delivery.status,
        reason=delivery.reason,
        attempt_count=delivery.attempt_count,
        attempts=[
            AttemptView(at=rfc3339(a.at), ok=a.ok, latency_ms=a.latency_ms, code=a.code, error=a.error)
            for a in delivery.attempts
        ],
        next_attempt_at=_moment(delivery.next_attempt_at),
        created_at=rfc3339(delivery.created_at),
        exhausted_at=_moment(delivery.exhausted_at),
    )


def _moment(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
