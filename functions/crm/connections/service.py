"""Connecting CRM accounts and starting their pulls.

Connecting does not call the provider: the answer means that token and pull are durable, whether or not the provider
is up. The pull's first page is the test of the token, and its outcome is the connection's status.
"""

from collections.abc import Sequence

from functions.crm.connections.models import ConnectHubSpot, ConnectionView, PullView
from shared.core import pagination
from shared.core.clock import rfc3339
from shared.core.errors import Conflict, FieldError, Invalid, NotFound
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Page
from shared.core.ids import is_id
from shared.crm.connection import PREFIX, Connection, Connections
from shared.crm.pull import ConnectionStatus, Order, Pull, Pulls, connection_status, pull_problem


def connect(
    connections: Connections, pulls: Pulls, wanted: ConnectHubSpot, connection_id: str, order: Order
) -> ConnectionView:
    """Seal the token, accept the pull. A retry under the same id changes nothing that was done."""
    made = connections.put(Connection(connection_id, "hubspot", wanted.name, order.at), wanted.private_token)
    pulls.start(made.id, order)
    return _view(made, pulls.get(made.id))


def page(connections: Connections, pulls: Pulls, query: PageQuery) -> Page:
    """One page, oldest first. Raises 422 for a cursor that is not one of this list."""
    after = pagination.decode(query.cursor)
    if after is not None and not is_id(PREFIX, after):
        raise Invalid(fields=[FieldError("?cursor", "is not a cursor of this list")])
    found: Sequence[Connection] = connections.page(query.limit + 1, after)
    shown = found[: query.limit]
    states = pulls.of([c.id for c in shown])
    cursor = pagination.encode(shown[-1].id) if len(found) > query.limit else None
    return Page([_view(c, states.get(c.id)) for c in shown], query.limit, cursor)


def get(connections: Connections, pulls: Pulls, connection_id: str) -> ConnectionView:
    """One connection. Raises 404."""
    return _view(_found(connections, connection_id), pulls.get(connection_id))


def sync(connections: Connections, pulls: Pulls, connection_id: str, order: Order) -> ConnectionView:
    """Pull again from the beginning. Raises 404, or 409 while a pull is under way."""
    connection = _found(connections, connection_id)
    if not pulls.restart(connection_id, order):
        raise Conflict("a pull of this connection is under way")
    return _view(connection, pulls.get(connection_id))


def delete(connections: Connections, pulls: Pulls, connection_id: str) -> Deleted:
    """Forget token and pull; contacts that were pulled stay. Raises 404."""
    found = _found(connections, connection_id)
    pulls.delete(found.id)  # first: a retry after a failure in between finds the connection still there
    connections.delete(found.id)
    return Deleted(id=connection_id, deleted=True)


def _found(connections: Connections, connection_id: str) -> Connection:
    connection = connections.get(connection_id) if is_id(PREFIX, connection_id) else None
    if connection is None:
        raise NotFound
    return connection


def _view(connection: Connection, pull: Pull | None) -> ConnectionView:
    status = connection_status(pull)
    return ConnectionView(
        id=connection.id,
        provider=connection.provider,
        name=connection.name,
        status=status.value,
        created_at=rfc3339(connection.created_at),
        sync=_pull_view(pull, under_way=status is ConnectionStatus.SYNCING) if pull else None,
    )


def _pull_view(pull: Pull, *, under_way: bool) -> PullView:
    point = pull.checkpoint
    return PullView(
        started_at=rfc3339(point.started_at),
        ended_at=_moment(point.ended_at),
        completed_at=_moment(point.completed_at),
        pages=point.pages,
        records=point.records,
        changed=point.changed,
        problem=pull_problem(pull),
        next_at=rfc3339(pull.next_at) if under_way else None,
    )


def _moment(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
