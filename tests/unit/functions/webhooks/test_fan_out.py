"""One event for many endpoints: several at a time, a bounded number, and none left out because another failed."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from functions.webhooks.process.service import AT_ONCE, Processor
from shared.core.logs import Logger
from shared.core.metrics import Metrics
from shared.core.scope import OrgScope, stored_scope
from shared.core.work.dispatch import Dispatcher
from shared.core.work.item import Claim, NewWork, WorkRef
from shared.core.work.kinds import DELIVERY, INBOUND
from shared.core.work.store import WorkQueue, WorkStore
from shared.webhooks.entities import MAX_ENDPOINTS, Endpoint, EndpointStatus, Message
from shared.webhooks.payload import packed
from shared.webhooks.ports import Deliveries, Endpoints, Messages

NOW = 1_795_161_600_000
ORG = stored_scope("org_00000000000000000000000000")
NOTICE = {"noticeId": "n", "productId": 1, "eventType": 103, "notifyMs": NOW, "payload": {"channelName": "c"}}


@dataclass
class World:
    """Every port of the processor. A put waits until as many run at once as may, so that fewer would never end."""

    count: int
    broken: str = ""
    """Endpoint whose pointer cannot be written."""
    accepted: list[str] = field(default_factory=list)
    finished: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    together: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enabled(self) -> list[Endpoint]:
        """As many as asked for, for every event."""
        ids = [f"end_{n:02}" for n in range(self.count)]
        return [Endpoint(i, "https://example.com/", (), "", EndpointStatus.ENABLED, None, NOW) for i in ids]

    def put(self, message: Message, now: int) -> None:
        """The message."""

    def ref(self, delivery_id: str) -> WorkRef:
        """Its work item."""
        return WorkRef(DELIVERY, delivery_id, delivery_id)

    def note(self, endpoint_id: str, message_id: str, delivery_id: str, at: int) -> None:  # noqa: ARG002 - the port's
        """Waits for company."""
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            if self.at_once == AT_ONCE:
                self.together.release(self.count)
        assert self.count < AT_ONCE or self.together.acquire(timeout=5), "endpoints take their turns"
        with self.lock:
            self.at_once -= 1
        if endpoint_id == self.broken:
            raise ConnectionError

    def accept(self, work: NewWork, now: int) -> bool:  # noqa: ARG002 - the port's
        """Noted."""
        self.accepted.append(work.attributes["endpoint_id"])
        return True

    def finish(self, claim: Claim, now: int, changes: dict[str, Any]) -> None:  # noqa: ARG002 - the port's
        """Noted."""
        self.finished.append(changes)

    def send(self, *_: object) -> bool:
        """A queue that takes all."""
        return True

    def handle(self) -> None:
        """One event through the processor."""
        store, queue = cast("WorkStore", self), cast("WorkQueue", self)
        processor = Processor(
            endpoints=lambda _org: cast("Endpoints", self),
            messages=lambda _org: cast("Messages", self),
            deliveries=lambda _org: cast("Deliveries", self),
            dispatcher=Dispatcher(store, queue, "eu-west-1", Logger(level="ERROR"), Metrics(write=lambda _: None)),
            clock=lambda: NOW,
            logger=Logger(level="ERROR"),
        )
        processor.handle(_claim(ORG))


def _claim(org: OrgScope) -> Claim:
    event = {
        "id": "evt_1",
        "provider": "agora",
        "source_id": "src_1",
        "notice_id": "n",
        "event_type": "agora.rtc.host_joined",
        "sent_at": NOW,
        "body": packed(json.dumps(NOTICE).encode()),
    }
    ref = WorkRef(INBOUND, "pk", "sk")
    return Claim(ref, "evt_1", org, 2, NOW + 45_000, 0, 0, "req_1", "src_1", NOW, event)


def _ids(count: int, *, but: Sequence[str] = ()) -> list[str]:
    return [i for n in range(count) if (i := f"end_{n:02}") not in but]


def test_endpoints_are_fanned_out_to_several_at_a_time() -> None:
    """Given as many endpoints as there may be, when an event comes, then a bounded number is worked on at once."""
    world = World(MAX_ENDPOINTS)

    world.handle()

    assert (sorted(world.accepted), world.most) == (_ids(MAX_ENDPOINTS), AT_ONCE)
    assert world.finished == [{"delivery_count": MAX_ENDPOINTS}]


@pytest.mark.parametrize("count", [1, 3])
def test_a_failure_is_raised_after_the_others_are_done(count: int) -> None:
    """Given a write that fails, when an event comes, then the others are accepted and the event is not finished."""
    world = World(count, broken="end_00")

    with pytest.raises(ConnectionError):
        world.handle()

    assert (sorted(world.accepted), world.finished) == (_ids(count, but=["end_00"]), [])
