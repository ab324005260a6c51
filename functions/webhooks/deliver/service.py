"""One attempt of one delivery: sign, POST, and decide what comes next.

    claim ─► endpoint gone or disabled ─► cancelled
          ─► its circuit is open ─► put off: no POST, no attempt
          ─► POST ─► 2xx ─► delivered
                  ─► 410 ─► endpoint disabled, cancelled
                  ─► else ─► put off until the next attempt, or after the last one: closing ─► notice ─► exhausted

Running out of attempts takes two claims, so that no crash loses anything. The write after the last attempt marks the
delivery ``closing`` and lists it under the dead letters, but leaves it on the due-time index. Whoever claims it next
sends ``{delivery_id}`` to the dead-letter queue and only after that takes it off the index. A crash or a lost send
before that write is met by the sweep: the notice may come twice, the POST is never repeated.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from shared.core.breaker import Breaker
from shared.core.clock import MINUTE, SECOND, Clock
from shared.core.errors import Problem
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.outbound.circuit import CircuitSender
from shared.core.outbound.errors import CircuitOpen
from shared.core.outbound.message import Request, Sender
from shared.core.outbound.policy import Policy, retry_after
from shared.core.scope import OrgScope
from shared.core.work.dispatch import Dispatcher
from shared.core.work.item import Claim
from shared.webhooks.entities import (
    Attempt,
    Delivery,
    DeliveryStatus,
    EndpointStatus,
    Message,
    OpenEndpoint,
    Reason,
    with_attempt,
)
from shared.webhooks.outcome import Outcome, outcome_of
from shared.webhooks.ports import Deliveries, Endpoints, Messages, Notices
from shared.webhooks.records import attempt_map, delivery_of, is_closing
from shared.webhooks.schedule import MAX_HELD, next_wait
from shared.webhooks.signing import signed_headers

POLICY = Policy(connect_s=5.0, read_s=15.0, total_s=20.0, attempts=1, read_limit=1024, prefix=True)
"""Standard Webhooks asks for 15 to 30 s. One attempt: the work pattern repeats. The answer's body is not kept."""
NOTICE_RETRY = MINUTE
"""After a notice that the dead-letter queue did not take."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a POST."""

    attempt: Attempt
    outcome: Outcome
    asked_s: float | None = None


@dataclass(frozen=True)
class Deliverer:
    """The worker of deliveries."""

    endpoints: Callable[[OrgScope], Endpoints]
    messages: Callable[[OrgScope], Messages]
    deliveries: Callable[[OrgScope], Deliveries]
    sender: Sender
    breaker: Breaker
    """With a circuit per endpoint."""
    notices: Callable[[], Notices]
    dispatcher: Dispatcher
    clock: Clock
    chance: Callable[[], float]
    """Uniform in [0, 1), for the jitter."""
    logger: Logger
    metrics: Metrics

    def handle(self, claim: Claim) -> None:
        """Ends the claim. Raises only for errors of our own."""
        delivery = delivery_of(claim.attributes)
        if is_closing(claim.attributes):
            self._close(claim, delivery)
            return
        ready = self._ready(claim.org, delivery)
        if isinstance(ready, Reason):
            self._cancel(claim, ready)
            return
        held = int(claim.attributes.get("held", 0))
        try:
            answer = self._post(claim, *ready, self._sender_to(claim.org, delivery.endpoint_id, held))
        except CircuitOpen as circuit:
            self._hold(claim, held, circuit)
            return
        tried = replace(
            delivery,
            attempts=with_attempt(delivery.attempts, answer.attempt),
            attempt_count=delivery.attempt_count + 1,
        )
        self._log(claim, tried, answer)
        match answer.outcome:
            case Outcome.DELIVERED:
                self._delivered(claim, tried)
            case Outcome.GONE:
                self.endpoints(claim.org).disable(delivery.endpoint_id, Reason.ENDPOINT_GONE.value, self.clock())
                self._cancel(claim, Reason.ENDPOINT_GONE, _tried(tried))
            case _:
                self._again(claim, tried, answer)

    def _ready(self, org: OrgScope, delivery: Delivery) -> tuple[OpenEndpoint, Message] | Reason:
        """What an attempt needs, or why there will be none."""
        opened = self.endpoints(org).opened(delivery.endpoint_id, self.clock())
        if opened is None:
            return Reason.ENDPOINT_DELETED
        if opened.endpoint.status is EndpointStatus.DISABLED:
            return Reason.ENDPOINT_DISABLED
        message = self.messages(org).get(delivery.message_id)
        return Reason.MESSAGE_EXPIRED if message is None else (opened, message)

    def _sender_to(self, org: OrgScope, endpoint_id: str, held: int) -> Sender:
        if held >= MAX_HELD:
            return self.sender
        return CircuitSender(self.sender, self.breaker, f"endpoint:{org.org}:{endpoint_id}")

    def _post(self, claim: Claim, opened: OpenEndpoint, message: Message, sender: Sender) -> _Answer:
        now = self.clock()
        headers = {
            "content-type": "application/json",
            "x-request-id": claim.request_id,
            **signed_headers(opened.secrets, message.id, now, message.body),
        }
        request = Request("POST", opened.endpoint.url, headers, message.body)
        try:
            response = sender.send(request, POLICY)
        except CircuitOpen:
            raise
        except Problem as error:
            failed = Attempt(now, ok=False, latency_ms=self.clock() - now, error=type(error).code)
            return _Answer(failed, Outcome.FAILED)
        outcome = outcome_of(response.status)
        ok = outcome is Outcome.DELIVERED
        attempt = Attempt(now, ok=ok, latency_ms=response.elapsed_ms, code=response.status)
        asked = response.headers.get("retry-after")
        return _Answer(attempt, outcome, retry_after(asked, self.clock()) if asked else None)

    def _delivered(self, claim: Claim, tried: Delivery) -> None:
        now = self.clock()
        changes = {**_tried(tried), "outcome": DeliveryStatus.DELIVERED.value, "reason": None}
        self.dispatcher.store.finish(claim, now, changes)
        self.metrics.put({Metric.DELIVERY_LATENCY: now - claim.created_at}, route=claim.ref.kind.name)

    def _cancel(self, claim: Claim, reason: Reason, changes: dict[str, Any] | None = None) -> None:
        ended = {**(changes or {}), "outcome": DeliveryStatus.CANCELLED.value, "reason": reason.value}
        self.dispatcher.store.finish(claim, self.clock(), ended)
        self.logger.emit(Log.WORK_FINISHED, work_id=claim.id, reason=reason.value, request_id=claim.request_id)

    def _hold(self, claim: Claim, held: int, circuit: CircuitOpen) -> None:
        """Until the circuit lets a probe through, and up to as long again: not all that wait should return at once."""
        now = self.clock()
        wait = round(circuit.retry_after_s * SECOND * (1 + self.chance()))
        self._put_off(claim, now, now + wait, {"held": held + 1}, circuit.code)

    def _again(self, claim: Claim, tried: Delivery, answer: _Answer) -> None:
        wait = next_wait(
            tried.attempt_count,
            self.chance(),
            slow_down=answer.outcome is Outcome.SLOW_DOWN,
            asked_s=answer.asked_s,
        )
        now = self.clock()
        if wait is None:
            listed = self.deliveries(claim.org).listing(tried.id, now)
            changes = {**_tried(tried), **listed, "closing": True, "exhausted_at": now}
            self._put_off(claim, now, now, changes)
        else:
            self._put_off(claim, now, now + wait, _tried(tried))

    def _put_off(
        self, claim: Claim, now: int, not_before: int, changes: dict[str, Any], reason: str | None = None
    ) -> None:
        """The write first: a queue told of work that is not due yet would waste the message."""
        self.dispatcher.store.reschedule(claim, now, not_before, changes)
        self.logger.emit(
            Log.WORK_RESCHEDULED, work_id=claim.id, next_at=not_before, reason=reason, request_id=claim.request_id
        )
        self.dispatcher.again(claim, now, not_before)

    def _close(self, claim: Claim, delivery: Delivery) -> None:
        """Tell the dead-letter queue, then leave the index."""
        now = self.clock()
        if not self.notices().send(json.dumps({"delivery_id": delivery.id})):
            self._put_off(claim, now, now + NOTICE_RETRY, {})
            return
        self.dispatcher.store.exhaust(claim, now, {"outcome": DeliveryStatus.EXHAUSTED.value})
        self.metrics.put({Metric.WORK_FAILED: 1}, route=claim.ref.kind.name)
        self.logger.emit(
            Log.WORK_EXHAUSTED,
            delivery_id=delivery.id,
            endpoint_id=delivery.endpoint_id,
            org=claim.org.org,
            attempt=delivery.attempt_count,
            request_id=claim.request_id,
        )

    def _log(self, claim: Claim, tried: Delivery, answer: _Answer) -> None:
        self.logger.emit(
            Log.DELIVERY_ATTEMPTED,
            delivery_id=tried.id,
            endpoint_id=tried.endpoint_id,
            org=claim.org.org,
            attempt=tried.attempt_count,
            status=answer.attempt.code,
            error_class=answer.attempt.error,
            duration_ms=answer.attempt.latency_ms,
            request_id=claim.request_id,
        )


def _tried(delivery: Delivery) -> dict[str, Any]:
    """What an attempt changes, as stored."""
    return {"attempts": [attempt_map(a) for a in delivery.attempts], "made": delivery.attempt_count, "held": 0}
