"""Making, listing and removing endpoints."""

from functions.webhooks.manage.models import CreatedEndpoint, CreateEndpoint, EndpointView
from shared.core import pagination
from shared.core.clock import rfc3339
from shared.core.errors import Conflict, NotFound
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Page
from shared.webhooks.entities import MAX_ENDPOINTS, Endpoint, EndpointStatus
from shared.webhooks.ports import Endpoints, UrlGuard
from shared.webhooks.signing import secret_of


def create(
    store: Endpoints, guard: UrlGuard, wanted: CreateEndpoint, *, endpoint_id: str, entropy: bytes, now: int
) -> CreatedEndpoint:
    """An endpoint with a signing secret of its own. ``entropy``: the secret's bytes.

    Raises 422 for a URL that leads to an address that is not public, 409 when there are :data:`MAX_ENDPOINTS`. That is
    counted, not locked: as many creations as run at the same moment may go over it, which a worker bears easily.
    """
    endpoint = Endpoint(
        id=endpoint_id,
        url=guard.check(wanted.url).url,
        event_types=tuple(dict.fromkeys(wanted.event_types)),
        description=wanted.description,
        status=EndpointStatus.ENABLED,
        disabled_reason=None,
        created_at=now,
    )
    known = {e.id for e in store.page(MAX_ENDPOINTS, None)}
    if len(known - {endpoint_id}) >= MAX_ENDPOINTS:
        raise Conflict(f"the organization has {MAX_ENDPOINTS} endpoints, which is the most: delete one first")
    secret = secret_of(entropy)
    store.create(endpoint, secret)
    return CreatedEndpoint(**_view(endpoint).model_dump(), secret=secret)


def page(store: Endpoints, query: PageQuery) -> Page:
    """One page."""
    found = store.page(query.limit, pagination.decode(query.cursor))
    cursor = pagination.encode(found[-1].id) if len(found) == query.limit else None
    return Page([_view(e) for e in found], query.limit, cursor)


def get(store: Endpoints, endpoint_id: str) -> EndpointView:
    """One endpoint. Raises 404."""
    endpoint = store.get(endpoint_id)
    if endpoint is None:
        raise NotFound
    return _view(endpoint)


def delete(store: Endpoints, endpoint_id: str) -> Deleted:
    """Remove it: what is pending for it is cancelled, within 60 seconds. Raises 404."""
    if not store.delete(endpoint_id):
        raise NotFound
    return Deleted(id=endpoint_id, deleted=True)


def _view(endpoint: Endpoint) -> EndpointView:
    return EndpointView(
        id=endpoint.id,
        url=endpoint.url,
        event_types=list(endpoint.event_types),
        description=endpoint.description,
        status=endpoint.status,
        disabled_reason=endpoint.disabled_reason,
        created_at=rfc3339(endpoint.created_at),
    )
