"""Work items and what their owners see of them."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.scope import stored_scope
from shared.core.work.item import WorkRef
from shared.core.work.kinds import DELIVERY, INBOUND
from shared.webhooks.entities import KEPT_ATTEMPTS, Attempt, DeliveryStatus, Source, with_attempt
from shared.webhooks.payload import body_of, packed, unpacked
from shared.webhooks.records import (
    InboundEvent,
    NewDelivery,
    attempt_map,
    attempt_of,
    delivery_of,
    delivery_work,
    inbound_of,
    inbound_work,
)

ORG = stored_scope("org_1")
PATTERN = {"id": "dlv_1", "status": "pending", "not_before": 5_000, "accepted_at": 1_000}
"""What the work pattern adds to an item."""


def item(**more: Any) -> dict[str, Any]:
    """A delivery as the store holds it."""
    new = NewDelivery("dlv_1", "msg_1", "end_1", "agora.rtc.host_joined")
    ref = WorkRef(DELIVERY, "pk", "sk")
    work = delivery_work(new, org=ORG, ref=ref, request_id="req_1", actor="src_1", now=1_000)
    return {**work.attributes, **PATTERN, **more}


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({}, DeliveryStatus.PENDING),
        ({"status": "claimed"}, DeliveryStatus.PENDING),
        ({"status": "pending", "closing": True}, DeliveryStatus.EXHAUSTED),
        ({"status": "claimed", "closing": True}, DeliveryStatus.EXHAUSTED),
        ({"status": "failed", "closing": True}, DeliveryStatus.EXHAUSTED),
        ({"status": "parked"}, DeliveryStatus.STUCK),
        ({"status": "done", "outcome": "delivered"}, DeliveryStatus.DELIVERED),
        ({"status": "done", "outcome": "cancelled", "reason": "endpoint_deleted"}, DeliveryStatus.CANCELLED),
    ],
)
def test_an_owner_sees_one_status_for_every_state(stored: dict[str, Any], shown: DeliveryStatus) -> None:
    """Given each state of the work pattern, then the delivery has the status that means something to its owner."""
    delivery = delivery_of(item(**stored))

    assert delivery.status is shown
    assert delivery.next_attempt_at == (5_000 if shown is DeliveryStatus.PENDING else None)


def test_the_attempt_list_keeps_the_latest() -> None:
    """Given more attempts than are kept, then the oldest go."""
    attempts: tuple[Attempt, ...] = ()
    for number in range(KEPT_ATTEMPTS + 5):
        attempts = with_attempt(attempts, Attempt(number, ok=False, latency_ms=1, code=500))

    assert [a.at for a in attempts] == list(range(5, KEPT_ATTEMPTS + 5))


def test_an_attempt_survives_the_store() -> None:
    """Given an attempt without an answer, then it reads back, and nothing of the exchange but its class is kept."""
    attempt = Attempt(7, ok=False, latency_ms=20_000, error="upstream_timeout")

    stored = attempt_map(attempt)

    assert attempt_of(stored) == attempt
    assert set(stored) == {f.name for f in dataclasses.fields(Attempt)} == {"at", "ok", "latency_ms", "code", "error"}


@given(st.binary(max_size=4000))
def test_an_inbound_event_survives_the_store(body: bytes) -> None:
    """Given any raw body, then the worker reads the very bytes whose signature was verified."""
    source = Source("src_1", ORG, "agora", "project", "digest", 1)
    event = InboundEvent("evt_1", "agora", "src_1", "notice", "agora.rtc.host_joined", 5, body)
    work = inbound_work(event, source, WorkRef(INBOUND, "pk", "sk"), "req_1", 1_000)

    assert inbound_of({**work.attributes, "id": work.id}) == event
    assert work.expires_at == 1 + 30 * 24 * 3600


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), json_values, max_size=5))
def test_a_body_is_type_timestamp_and_data(data: dict[str, Any]) -> None:
    """Given any payload, then the body is exactly the three members, and packing keeps every byte."""
    body = body_of("agora.rtc.host_joined", 1_795_161_600_123, data)

    assert json.loads(body) == {"type": "agora.rtc.host_joined", "timestamp": "2026-11-20T08:00:00.123Z", "data": data}
    assert unpacked(packed(body)) == body
    assert packed(body) == packed(body)
