"""One verified notification → one message → one delivery per endpoint that wants it.

Every id is derived from what it stands for, so a run that was killed is simply run again: what is there stays, what
is missing is made. Nothing is sent to anybody from here.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.agora.notification import read_notification
from shared.core.clock import Clock
from shared.core.ids import derived
from shared.core.logs import Log, Logger
from shared.core.scope import OrgScope
from shared.core.work.dispatch import Dispatcher
from shared.core.work.item import Claim
from shared.webhooks.entities import Endpoint, Message
from shared.webhooks.event_filter import wanted
from shared.webhooks.payload import body_of
from shared.webhooks.ports import Deliveries, Endpoints, Messages
from shared.webhooks.records import InboundEvent, NewDelivery, delivery_work, inbound_of

AT_ONCE = 8
"""Endpoints fanned out to at the same time: 50 take seven rounds of three calls. Below the ten connections that a
botocore client keeps."""


@dataclass(frozen=True)
class Processor:
    """The worker of inbound events."""

    endpoints: Callable[[OrgScope], Endpoints]
    messages: Callable[[OrgScope], Messages]
    deliveries: Callable[[OrgScope], Deliveries]
    dispatcher: Dispatcher
    """Accepts deliveries and ends events: both live in one store."""
    clock: Clock
    logger: Logger

    def handle(self, claim: Claim) -> None:
        """Ends the claim. Raises whatever our own code or store raises: the queue then tries again."""
        event = inbound_of(claim.attributes)
        receivers = [e for e in self.endpoints(claim.org).enabled() if wanted(e.event_types, event.event_type)]
        if receivers:
            message = message_of(event, claim.created_at)
            self.messages(claim.org).put(message, self.clock())
            self._fan_out(claim, message, receivers)
        self.dispatcher.store.finish(claim, self.clock(), {"delivery_count": len(receivers)})
        self.logger.emit(
            Log.WORK_FINISHED,
            work_id=claim.id,
            kind=event.event_type,
            org=claim.org.org,
            count=len(receivers),
            request_id=claim.request_id,
        )

    def _fan_out(self, claim: Claim, message: Message, receivers: Sequence[Endpoint]) -> None:
        """All of them, also after one has failed: the next run then finds the less to do. Raises the first failure."""
        if len(receivers) == 1:
            self._accept(claim, message, receivers[0])
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(receivers))) as pool:
            started = [pool.submit(self._accept, claim, message, endpoint) for endpoint in receivers]
        for accepted in started:
            accepted.result()

    def _accept(self, claim: Claim, message: Message, endpoint: Endpoint) -> None:
        deliveries = self.deliveries(claim.org)
        delivery_id = derived("dlv", message.id, endpoint.id)
        # The pointer first: a delivery must not be missing from its endpoint's list; a pointer to nothing is not shown.
        deliveries.note(endpoint.id, message.id, delivery_id, message.created_at)
        now = self.clock()
        work = delivery_work(
            NewDelivery(delivery_id, message.id, endpoint.id, message.event_type),
            org=claim.org,
            ref=deliveries.ref(delivery_id),
            request_id=claim.request_id,
            actor=claim.actor,
            now=now,
        )
        self.dispatcher.accept(work, now)


def message_of(event: InboundEvent, created_at: int) -> Message:
    """``data`` is the provider's payload as received; ``timestamp`` is when the provider first told us of it."""
    payload = read_notification(event.body).payload
    return Message(
        id=derived("msg", event.id),
        event_type=event.event_type,
        body=body_of(event.event_type, event.sent_at, payload),
        created_at=created_at,
        event_id=event.id,
    )
