"""One page of a pull: fetch it, store its contacts, move the checkpoint.

In that order, so that a worker killed anywhere loses nothing and repeats at most its own page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.core.clock import Clock, rfc3339
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.scope import OrgScope
from shared.core.work.dispatch import Dispatcher
from shared.core.work.item import Claim
from shared.core.work.store import WorkStore
from shared.crm.connection import Connections
from shared.crm.contact import Contacts, changes, contact_id
from shared.crm.pull import Checkpoint, wait_after
from shared.crm.source import ContactSource, SourceError, SourcePage, SourcePaused


@dataclass(frozen=True)
class Ports:
    """What a page needs from outside."""

    connections: Callable[[OrgScope], Connections]
    contacts: Callable[[OrgScope], Contacts]
    sources: Mapping[str, ContactSource]
    """By provider."""
    store: WorkStore
    dispatcher: Dispatcher
    clock: Clock
    logger: Logger
    metrics: Metrics
    chance: Callable[[], float]
    """Uniform in [0, 1): the jitter."""


def pull_page(claim: Claim, ports: Ports) -> None:
    """Ends the claim: put off to the next page or the next try, done, or failed.

    Raises what our own stores raise, and :class:`shared.crm.contact.Superseded` when another worker was at the same
    page: the work pattern then gives the page back.
    """
    connection_id: str = claim.attributes["connection_id"]
    point = Checkpoint.read(claim.attributes["checkpoint"])
    credential = ports.connections(claim.org).credential(connection_id)
    if credential is None:  # deleted while its pull was under way
        ports.store.finish(claim, ports.clock(), {})
        return
    try:
        page = ports.sources[credential.provider].page(credential.token, point.cursor)
    except SourceError as error:
        _without_page(claim, point, error, credential.provider, ports)
        return
    changed = _keep(page, ports.contacts(claim.org), credential.provider, connection_id, ports.clock())
    now = ports.clock()
    ports.logger.emit(
        Log.CRM_PAGE_PULLED, org=claim.org.org, work_id=claim.id, provider=credential.provider, count=len(page.records)
    )
    _move(claim, point.advanced(len(page.records), changed, page.next, now), ports, now)


def _keep(page: SourcePage, contacts: Contacts, provider: str, connection_id: str, now: int) -> int:
    """Store what the page changes; how many that was."""
    ids = {contact_id(connection_id, record.provider_id) for record in page.records}
    known = contacts.known(sorted(ids))
    found = changes(known, page.records, provider, connection_id, now)
    contacts.store(found, now)
    return len(found)


def _move(claim: Claim, point: Checkpoint, ports: Ports, now: int) -> None:
    """Write the checkpoint, then tell the queue of the next page, if there is one."""
    if point.ended_at is not None:
        ports.store.finish(claim, now, {"checkpoint": point.attributes(), "crashes": 0})
        return
    ports.store.reschedule(claim, now, now, {"checkpoint": point.attributes(), "crashes": 0})
    ports.dispatcher.again(claim, now, now)


def _without_page(claim: Claim, point: Checkpoint, error: SourceError, provider: str, ports: Ports) -> None:
    """Try again later, or end the pull and say why."""
    now = ports.clock()
    wait = wait_after(error, point.failures, ports.chance())
    ports.logger.emit(
        Log.CRM_SYNC_FAILED,
        org=claim.org.org,
        work_id=claim.id,
        provider=provider,
        reason=error.problem.value,
        next_at=None if wait is None else rfc3339(now + wait),
    )
    if wait is None:
        ports.metrics.put({Metric.WORK_FAILED: 1}, route=claim.ref.kind.name)
        ports.store.exhaust(claim, now, {"checkpoint": point.ended(error.problem, now).attributes()})
        return
    held_up = point.held_up(error.problem, asked=not isinstance(error, SourcePaused)).attributes()
    ports.store.reschedule(claim, now, now + wait, {"checkpoint": held_up})
    ports.dispatcher.again(claim, now, now + wait)
