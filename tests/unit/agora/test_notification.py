import contextlib
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agora.errors import (
    BadSignature,
    MalformedNotification,
    NotificationTooNew,
    NotificationTooOld,
)
from shared.agora.notification import (
    Notification,
    Tolerance,
    read_notification,
    receive,
)

SECRET = "whisper"
SENT_MS = 1_792_580_412_672
ENVELOPE: dict[str, Any] = {
    "noticeId": "2000001428:4330:107",
    "productId": 1,
    "eventType": 101,
    "notifyMs": SENT_MS,
    "sid": "5EFF2F00027648D499BF100C1DEE1A86",
    "payload": {"channelName": "room", "ts": 1_792_580_412},
}


def _signed(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def _receive(body: bytes, *, now_ms: int = SENT_MS) -> Notification:
    return receive(body, _signed(body), [SECRET], now_ms=now_ms)


def _with(**changes: object) -> bytes:
    return json.dumps(ENVELOPE | changes).encode()


def _without(member: str) -> bytes:
    return json.dumps({k: v for k, v in ENVELOPE.items() if k != member}).encode()


def test_a_signed_notification_is_read_whole() -> None:
    """Given a signed envelope, when it is received, then each member has its place and unit."""
    assert _receive(_with()) == Notification(
        notice_id="2000001428:4330:107",
        product_id=1,
        event_code=101,
        sent_at_ms=SENT_MS,
        session_id="5EFF2F00027648D499BF100C1DEE1A86",
        payload={"channelName": "room", "ts": 1_792_580_412},
    )


@pytest.mark.parametrize("body", [_without("sid"), _with(sid=None), _with(sid="")])
def test_a_notification_may_have_no_session(body: bytes) -> None:
    """Given an envelope without a session id, when it is received, then it has none."""
    assert _receive(body).session_id is None


def test_unknown_products_events_and_members_are_kept() -> None:
    """Given a product and members nobody documented, when received, then nothing is dropped."""
    body = _with(productId=999, eventType=7, payload={"new": [1, {"deep": None}]}, eventMs=5)

    notification = _receive(body)

    assert notification.event_type == "agora.unknown.event_7"
    assert notification.payload == {"new": [1, {"deep": None}]}
    assert notification.channel is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{}",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + _with(),
        _with() + b"x",
        *(_without(member) for member in ("noticeId", "productId", "eventType", "notifyMs")),
        _without("payload"),
        _with(noticeId=""),
        _with(noticeId=5),
        _with(noticeId="x" * 257),
        _with(productId="1"),
        _with(productId=True),
        _with(productId=-1),
        _with(productId=1.0),
        _with(eventType=None),
        _with(notifyMs=2**53),
        _with(payload=None),
        _with(payload=[]),
        _with(payload="{}"),
        _with(sid=7),
        _with(sid="x" * 257),
        _with(payload={"x": float("nan")}),
        _with(payload={"x": float("-inf")}),
        _with(payload={"x": "BIG"}).replace(b'"BIG"', b"1e999"),
        _with(payload={"x": "BIG"}).replace(b'"BIG"', b"-1e999"),
        _with(payload={"x": "BIG"}).replace(b'"BIG"', b"9" * 5_000),
        _with(payload={"x": "DEEP"}).replace(b'"DEEP"', b"[" * 17 + b"]" * 17),
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
)
def test_a_signed_body_that_is_no_envelope_is_malformed(body: bytes) -> None:
    """Given a signed body that is not Agora's envelope, when received, then it is malformed."""
    with pytest.raises(MalformedNotification):
        _receive(body)


def test_text_cut_inside_an_emoji_can_still_be_stored() -> None:
    """Given half a surrogate pair in a transcript, when received, then it becomes U+FFFD."""
    body = _with(payload={"said": "cut \ud83d", "kept": "\U0001f600", "\udc00": 1})

    payload = _receive(body).payload

    assert payload == {"said": "cut \ufffd", "kept": "\U0001f600", "\ufffd": 1}
    json.dumps(payload, ensure_ascii=False).encode()


def test_a_forged_notification_is_refused_before_it_is_read() -> None:
    """Given a body that is neither signed nor JSON, when received, then the signature is named."""
    with pytest.raises(BadSignature):
        receive(b"{", "0" * 64, [SECRET], now_ms=SENT_MS)


@pytest.mark.parametrize("now_ms", [SENT_MS + 3_600_000, SENT_MS - 300_000])
def test_a_notification_at_the_edge_of_the_tolerance_is_received(now_ms: int) -> None:
    """Given an hour of delay or five minutes of clock error, when received, then it is accepted."""
    assert _receive(_with(), now_ms=now_ms).sent_at_ms == SENT_MS


def test_a_late_notification_is_too_old() -> None:
    """Given a notification recorded an hour ago, when replayed, then it is refused as too old."""
    with pytest.raises(NotificationTooOld):
        _receive(_with(), now_ms=SENT_MS + 3_600_001)


def test_a_notification_from_the_future_is_too_new() -> None:
    """Given a sending time beyond our clock, when received, then it is refused as too new."""
    with pytest.raises(NotificationTooNew):
        _receive(_with(), now_ms=SENT_MS - 300_001)


def test_a_source_sets_its_own_tolerance() -> None:
    """Given a tolerance of one second, when a notification is two old, then it is too old."""
    body = _with()

    with pytest.raises(NotificationTooOld):
        receive(
            body,
            _signed(body),
            [SECRET],
            now_ms=SENT_MS + 2_000,
            tolerance=Tolerance(past_ms=1_000, future_ms=0),
        )


@pytest.mark.parametrize(
    ("payload", "channel"),
    [
        ({"channelName": "a"}, "a"),
        ({"channel": "b"}, "b"),
        ({"cname": "c"}, "c"),
        ({"cname": 1}, None),
    ],
)
def test_a_channel_is_found_under_each_products_name(payload: dict[str, object], channel: str | None) -> None:
    """Given payloads of three products, when asked for the channel, then each gives its own."""
    assert _receive(_with(payload=payload)).channel == channel


@pytest.mark.parametrize(
    ("payload", "is_test"),
    [
        ({"channelName": "test_webhook", "uid": 12121212}, True),
        ({"channelName": "test_webhook", "lastUid": 12121212}, True),
        ({"channelName": "test_webhook", "ts": 1}, True),
        ({"cname": "test_webhook", "uid": "12121212"}, True),
        ({"channelName": "test_webhook", "uid": 7}, False),
        ({"channelName": "room", "uid": 12121212}, False),
        ({"uid": 12121212}, False),
        ({"channelName": "test_webhook", "uid": {}}, False),
    ],
)
def test_the_consoles_check_is_told_from_a_customers_event(payload: dict[str, object], *, is_test: bool) -> None:
    """Given events of and beside the test channel, when asked, then only the check is a test."""
    assert _receive(_with(payload=payload)).is_test == is_test


def test_a_payload_is_not_shown() -> None:
    """Given a payload with what people said, when a notification is printed, then it is not."""
    assert "room" not in repr(_receive(_with()))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ENVELOPES = st.fixed_dictionaries({member: JSON_VALUES | st.just(value) for member, value in ENVELOPE.items()})


@given(st.binary() | ENVELOPES.map(lambda envelope: json.dumps(envelope).encode()))
def test_any_signed_bytes_are_a_notification_or_malformed(body: bytes) -> None:
    """Given any bytes, when read, then they are an envelope that can be stored, or malformed."""
    with contextlib.suppress(MalformedNotification):
        notification = read_notification(body)
        json.dumps(dict(notification.payload), ensure_ascii=False, allow_nan=False).encode()
        f"{notification.notice_id}{notification.session_id}".encode()
