"""The work pattern over DynamoDB: who may take an item when, and that no step loses one."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from shared.adapters.dynamodb.work import DynamoWork
from shared.core.clock import HOUR, MINUTE, SECOND
from shared.core.logs import Logger
from shared.core.metrics import Metrics
from shared.core.scope import OrgScope, stored_scope
from shared.core.work import sweep
from shared.core.work.dispatch import Dispatcher
from shared.core.work.envelope import UnreadableEnvelope, WorkEnvelope, read_ref
from shared.core.work.item import MAX_CRASHES, MAX_LAPSES, Claim, NewWork, Overdue, WorkRef
from shared.core.work.kinds import DELIVERY, FIRST_SWEEP, WorkKind
from shared.core.work.store import LeaseLost, WorkStore
from shared.core.work.sweep import BUDGET, Sweep
from shared.core.work.worker import Worker
from tests.fakes.cloud import REGION, Cloud

NOW = 1_795_161_600_000
ORG = stored_scope("org_1")
QUIET = Logger(write=lambda _: None)
SILENT = Metrics(write=lambda _: None)


class Queue:
    """The queue's port, in memory; ``up`` says whether it takes anything."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []
        self.buried: list[str] = []
        self.up = True

    def send(self, ref: WorkRef, envelope: str, org: str, delay_s: int) -> bool:
        """Remember what was sent."""
        del ref, org
        if self.up:
            self.sent.append((envelope, delay_s))
        return self.up

    def bury(self, ref: WorkRef, envelope: str) -> bool:
        """Remember what was buried."""
        del ref
        if self.up:
            self.buried.append(envelope)
        return self.up


@dataclass
class World:
    """One store and one queue."""

    store: DynamoWork
    queue: Queue

    def new(self, name: str = "a", org: OrgScope = ORG, not_before: int | None = None) -> NewWork:
        """Work that was not accepted yet."""
        ref = WorkRef(DELIVERY, f"ORG#{org.org}#T", name)
        return NewWork(ref, name, org, "test", 1, {"colour": "red"}, "req_1", "key_1", not_before=not_before)

    def accept(self, work: NewWork, now: int = NOW) -> bool:
        """As an API does."""
        return Dispatcher(self.store, self.queue, REGION, QUIET, SILENT).accept(work, now)

    def sweep(self, now: int) -> int:
        """As the schedule does."""
        stores: dict[str, WorkStore] = {"events": self.store, "crm": self.store}
        return Sweep(stores, self.queue, REGION, lambda: now, QUIET, SILENT).run(now)["delivery"]


@pytest.fixture
def world(aws: Cloud) -> World:
    """Over the events table."""
    return World(DynamoWork(aws.container().table("events"), REGION), Queue())


def claimed(world: World, work: NewWork, now: int = NOW) -> Claim:
    """A claim that must succeed."""
    claim = world.store.claim(work.ref, now)
    assert claim is not None
    return claim


def test_the_same_work_is_accepted_once(world: World) -> None:
    """Given accepted work, when it comes again, then it is refused and the queue is not told twice."""
    assert [world.accept(world.new()), world.accept(world.new())] == [True, False]
    assert len(world.queue.sent) == 1


def test_a_claim_excludes_others_until_its_lease_ends(world: World) -> None:
    """Given a claim, when others try, then they get nothing before the lease ends and the item after."""
    work = world.new()
    world.accept(work)
    first = claimed(world, work)

    assert world.store.claim(work.ref, NOW + DELIVERY.lease - 1) is None
    second = claimed(world, work, NOW + DELIVERY.lease)
    assert (second.attributes["colour"], second.attempt) == ("red", 0)
    with pytest.raises(LeaseLost):
        world.store.finish(first, NOW + DELIVERY.lease, {})


def test_finished_work_is_never_claimed_or_swept_again(world: World) -> None:
    """Given finished work, when the queue redelivers or the sweep looks, then there is nothing to do."""
    work = world.new()
    world.accept(work)
    world.store.finish(claimed(world, work), NOW, {"result": "ok"})

    assert world.store.claim(work.ref, NOW + HOUR) is None
    assert world.sweep(NOW + HOUR) == 0


def test_the_healthy_path_never_meets_the_sweep(world: World) -> None:
    """Given work just accepted or just claimed, when the sweep runs within their time, then it leaves them alone."""
    fresh, held = world.new("fresh"), world.new("held")
    world.accept(fresh)
    world.accept(held)
    claimed(world, held)

    assert world.sweep(NOW + DELIVERY.lease - 1) == 0


def test_what_the_queue_lost_the_sweep_finds(world: World) -> None:
    """Given a queue that took nothing, when two minutes are over, then the sweep sends it, once."""
    world.queue.up = False
    work = world.new()
    assert world.accept(work), "accepting does not depend on the queue"
    world.queue.up = True

    assert [world.sweep(NOW + FIRST_SWEEP - 1), world.sweep(NOW + FIRST_SWEEP), world.sweep(NOW + FIRST_SWEEP)] == [
        0,
        1,
        0,
    ]
    assert read_ref(world.queue.sent[0][0]) == work.ref
    assert claimed(world, work, NOW + FIRST_SWEEP).org == ORG


def test_what_a_killed_worker_held_the_sweep_finds(world: World) -> None:
    """Given a worker killed with a claim, when its lease is over, then the sweep gives the item to another."""
    work = world.new()
    world.accept(work)
    killed = claimed(world, work)
    later = NOW + DELIVERY.lease

    assert world.sweep(later) == 1
    claimed(world, work, later)
    with pytest.raises(LeaseLost):
        world.store.finish(killed, later, {})


def test_rescheduled_work_waits_for_its_time(world: World) -> None:
    """Given work put off by an hour, when claimed early, then no; when due, the sweep sends it and it is claimable."""
    work = world.new()
    world.accept(work)
    world.store.reschedule(claimed(world, work), NOW, NOW + HOUR, {"tried": 1})

    assert world.store.claim(work.ref, NOW + HOUR - 2 * SECOND) is None
    assert [world.sweep(NOW + HOUR - 1), world.sweep(NOW + HOUR)] == [0, 1]
    again = claimed(world, work, NOW + HOUR)
    assert (again.attempt, again.attributes["tried"]) == (1, 1)


@pytest.mark.parametrize(("wait", "told"), [(900 * SECOND, [900]), (900 * SECOND + 1, []), (1, [1]), (0, [0])])
def test_only_a_wait_that_a_queue_may_carry_is_given_to_it(world: World, wait: int, told: list[int]) -> None:
    """Given a wait, when it is over SQS's 900 seconds, then the index alone carries it; parts round up."""
    world.accept(world.new(not_before=NOW + wait))

    assert [delay for _, delay in world.queue.sent] == told


def test_work_that_crashes_us_is_parked_and_can_be_redriven(world: World) -> None:
    """Given an item our code fails on, when it has failed five times, then the sweep leaves it; a redrive takes it."""
    work = world.new()
    world.accept(work)
    now = NOW
    for _ in range(MAX_CRASHES):
        world.store.crash(claimed(world, work, now), now)
        now += SECOND

    assert world.sweep(now + HOUR) == 0
    claimed(world, work, now)


def test_what_kills_one_worker_after_the_other_is_parked_for_an_operator(world: World) -> None:
    """Given an item whose every worker dies, when twenty have, then it is off the sweep and in the DLQ."""
    work = world.new()
    world.accept(work)
    now = NOW
    for _ in range(MAX_LAPSES):
        claimed(world, work, now)
        now += DELIVERY.lease
        if len(world.queue.sent) == MAX_LAPSES:
            world.queue.up = False
            assert world.sweep(now) == 0, "not parked before an operator can know"
            world.queue.up = True
        assert world.sweep(now) == 1

    assert [read_ref(b) for b in world.queue.buried] == [work.ref]
    assert len(world.queue.sent) == MAX_LAPSES, "the first by accepting it, then one for each recovery but the last"
    assert world.sweep(now + HOUR) == 0
    claimed(world, work, now)


def test_progress_forgives_crashes_and_lapses(world: World) -> None:
    """Given an item that crashed us once between attempts, when that happens five times, then it is not parked."""
    work = world.new()
    world.accept(work)
    now = NOW
    for _ in range(MAX_CRASHES):
        world.store.crash(claimed(world, work, now), now)
        world.store.reschedule(claimed(world, work, now), now, now, {})

    assert claimed(world, work, now).crashes == 0


def test_one_tables_trouble_does_not_keep_the_sweep_from_another(world: World) -> None:
    """Given a table that is down, when swept, then the other's work is handed on, and the trouble is told."""
    world.queue.up = False
    world.accept(world.new())
    world.queue.up = True

    class Down:
        def overdue(self, *_: object) -> None:
            raise ConnectionError

    stores: dict[str, WorkStore] = {"events": world.store, "crm": Down()}  # type: ignore[dict-item]
    now = NOW + FIRST_SWEEP
    with pytest.raises(ConnectionError):
        Sweep(stores, world.queue, REGION, lambda: now, QUIET, SILENT).run(now)

    assert len(world.queue.sent) == 1


def test_a_sweep_ends_within_its_time_and_the_next_begins_elsewhere(world: World) -> None:
    """Given a clock that runs out, when swept, then the sweep ends; a minute later other shards come first."""
    asked: list[list[tuple[str, int]]] = []

    class Slow:
        def overdue(self, kind: WorkKind, shard: int, *_: object) -> list[Overdue]:
            asked[-1].append((kind.name, shard))
            return []

    stores: dict[str, WorkStore] = {"events": Slow(), "crm": Slow()}  # type: ignore[dict-item]
    for start in (NOW, NOW + MINUTE):
        asked.append([])
        times = iter([start] * 8 + [start + BUDGET + 1] * 200)
        Sweep(stores, world.queue, REGION, lambda times=times: next(times), QUIET, SILENT).run(start)  # type: ignore[misc]

    assert [len(a) for a in asked] == [4, 4]
    assert not set(asked[0]) & set(asked[1])


def test_failed_work_can_be_revived_for_a_fresh_series(world: World) -> None:
    """Given exhausted work, when replayed, then it is pending with no attempts; what is in flight cannot be."""
    work = world.new()
    world.accept(work)
    assert world.store.revive(work.ref, NOW, {}) is False
    world.store.exhaust(claimed(world, work), NOW, {"list_pk": "L", "list_sk": "a"})
    assert world.store.claim(work.ref, NOW) is None

    assert world.store.revive(work.ref, NOW, {}) is True
    assert claimed(world, work).attempt == 0


def test_another_regions_work_is_not_ours(world: World) -> None:
    """Given an item replicated from another region, when claimed here, then no: conditions do not exclude across."""
    work = world.new()
    world.accept(work)

    assert DynamoWork(world.store.table, "eu-west-1").claim(work.ref, NOW + HOUR) is None


def test_a_replay_moves_the_work_to_the_region_that_was_asked(world: World) -> None:
    """Given work that ended in another region, when it is replayed here, then it can be claimed here."""
    work = world.new()
    world.accept(work)
    world.store.finish(claimed(world, work), NOW, {})
    elsewhere = DynamoWork(world.store.table, "eu-west-1")

    assert elsewhere.revive(work.ref, NOW, {}) is True
    assert elsewhere.claim(work.ref, NOW) is not None


def worker(world: World, handle: Callable[[Claim], None]) -> Worker:
    """A worker of this world."""
    return Worker({"events": world.store}, handle, lambda: NOW, QUIET, SILENT)


def test_a_worker_gives_back_what_its_code_failed_on_and_tells_the_queue(world: World) -> None:
    """Given a handler that raises, when a message is processed, then the item is claimable again, the error told."""
    work = world.new()
    world.accept(work)

    def broken(_: Claim) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        worker(world, broken).process(world.queue.sent[0][0])
    assert claimed(world, work).crashes == 1


def test_two_workers_with_one_message_do_the_work_once(world: World) -> None:
    """Given a message delivered twice, when both copies are processed, then the handler runs once."""
    world.accept(world.new())
    done: list[str] = []

    def handle(claim: Claim) -> None:
        done.append(claim.id)

    for _ in range(2):
        worker(world, handle).process(world.queue.sent[0][0])

    assert done == ["a"]


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"v":2}', '{"v":1,"type":"x","ref":{}}'])
def test_a_message_this_system_did_not_write_is_for_the_dlq(body: str) -> None:
    """Given something else in the queue, when read, then it is unreadable, and nothing else."""
    with pytest.raises(UnreadableEnvelope):
        read_ref(body)


def test_an_envelope_carries_references_and_no_body(world: World) -> None:
    """Given accepted work, when its envelope is read, then its members are these, and none is content."""
    work = world.new()
    world.accept(work)

    document = json.loads(world.queue.sent[0][0])
    assert document == {
        "v": 1,
        "type": "delivery",
        "id": "a",
        "org": "org_1",
        "actor": "key_1",
        "request_id": "req_1",
        "traceparent": None,
        "occurred_at": "2026-11-20T08:00:00.000Z",
        "origin_region": REGION,
        "attempt": 0,
        "ref": {"pk": "ORG#org_1#T", "sk": "a"},
    }
    assert WorkEnvelope(work.ref, "a", "org_1", "key_1", "req_1", NOW, REGION).dumps() == world.queue.sent[0][0]


def test_a_backlog_is_swept_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given more items than a page in each shard, when swept, then every one is sent, once."""
    monkeypatch.setattr(sweep, "PAGE", 3)
    names = [f"item-{n}" for n in range(120)]
    world.queue.up = False
    for name in names:
        world.accept(world.new(name))
    world.queue.up = True

    assert world.sweep(NOW + 3 * MINUTE) == len(names)
    assert sorted(read_ref(body).sk for body, _ in world.queue.sent) == sorted(names)
