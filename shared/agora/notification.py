"""A notification of Agora's notification service (NCS): verified, read, and bounded in time.

Agora repeats a notification until it gets 200 with a JSON body within 10 s, three times at most, in
no promised order and sometimes although it got its 200. ``notice_id`` names the event through all
of that; ``sent_at_ms`` is renewed by each repeat. Source: docs.agora.io, "receive notifications"
and "notification event types".

Unknown products and event numbers are kept, and so are members we do not know: Agora adds them
without notice.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from shared.agora.errors import (
    MalformedNotification,
    NotificationTooNew,
    NotificationTooOld,
)
from shared.agora.event_catalogue import event_type
from shared.agora.notification_signature import verify_signature
from shared.core.clock import HOUR, MINUTE
from shared.core.text import encodable

MAX_BODY_BYTES = 262_144
"""What is read of a notification; whoever takes it from the network keeps to this, before anything is hashed. The
largest event known, 200 turns of a conversation (ConvoAI 112), has about 100 KB. Why no more: docs/adr/0010."""

MAX_ID_CHARS = 256
"""Of ``noticeId`` and ``sid``; samples have 19 to 36."""

MAX_DEPTH = 16
"""Levels of objects and arrays; the deepest event known (ConvoAI 112) has 6, DynamoDB stores 32."""

MAX_NUMBER = 2**53 - 1
"""The largest integer JSON readers agree on."""

TEST_CHANNEL = "test_webhook"
TEST_UID = 12_121_212
"""The channel and the user of the events the console's "Check" button sends."""

_CHANNEL_MEMBERS = ("channelName", "channel", "cname")
"""Where RTC, ConvoAI and recording payloads name the channel."""

_LONE_SURROGATE_POSSIBLE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far ``sent_at_ms`` may lie from our clock, in milliseconds.

    The signature does not stop replays, so ``past_ms`` must stay below the time ``notice_id`` is
    remembered. An hour covers a repeat after an outage of ours; five minutes ahead cover two
    clocks.
    """

    past_ms: int = HOUR
    future_ms: int = 5 * MINUTE


DEFAULT_TOLERANCE = Tolerance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One event as Agora told it; ``events/schemas`` has the shapes of ``payload``."""

    notice_id: str
    product_id: int
    event_code: int
    sent_at_ms: int
    session_id: str | None
    payload: Mapping[str, Any] = field(repr=False)

    @property
    def event_type(self) -> str:
        """The catalogue's name, such as ``agora.rtc.channel_created``."""
        return event_type(self.product_id, self.event_code)

    @property
    def channel(self) -> str | None:
        """The channel it is about, if any: what has to be handled in order."""
        named = (self.payload.get(member) for member in _CHANNEL_MEMBERS)
        return next((name for name in named if isinstance(name, str)), None)

    @property
    def is_test(self) -> bool:
        """Whether the console's "Check" sent it: answer 200, create nothing.

        Both marks are asked for, so that a customer's own channel of that name keeps its events; an
        event that names no user is told by the channel alone.
        """
        uid = self.payload.get("uid", self.payload.get("lastUid", TEST_UID))
        return self.channel == TEST_CHANNEL and uid in (TEST_UID, str(TEST_UID))


def receive(
    body: bytes,
    signature: str | None,
    secrets: Sequence[str],
    *,
    now_ms: int,
    tolerance: Tolerance = DEFAULT_TOLERANCE,
) -> Notification:
    """The notification in a request of at most :data:`MAX_BODY_BYTES`: signature, then form, then age.

    Raises ``BadSignature``, ``MalformedNotification``,
    ``NotificationTooOld`` or ``NotificationTooNew``, and nothing else, whatever the bytes are.
    """
    verify_signature(body, signature, secrets)
    notification = read_notification(body)
    check_age(notification, now_ms, tolerance)
    return notification


def read_notification(body: bytes) -> Notification:
    """The envelope in ``body``. Raises ``MalformedNotification`` only."""
    document = _json_object(body)
    payload = document.get("payload")
    if not isinstance(payload, dict):
        raise MalformedNotification("payload is an object")
    session_id = document.get("sid")
    return Notification(
        notice_id=_id(document, "noticeId"),
        product_id=_number(document, "productId"),
        event_code=_number(document, "eventType"),
        sent_at_ms=_number(document, "notifyMs"),
        session_id=None if session_id in (None, "") else _id(document, "sid"),
        payload=payload,
    )


def check_age(notification: Notification, now_ms: int, tolerance: Tolerance) -> None:
    """Returns, or raises ``NotificationTooOld`` or ``NotificationTooNew``."""
    age_ms = now_ms - notification.sent_at_ms
    if age_ms > tolerance.past_ms:
        raise NotificationTooOld(f"notifyMs is {age_ms} ms ago; {tolerance.past_ms} ms are tolerated")
    if -age_ms > tolerance.future_ms:
        raise NotificationTooNew(f"notifyMs is {-age_ms} ms ahead; {tolerance.future_ms} ms are tolerated")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode(), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise MalformedNotification("The body is not JSON in UTF-8") from None
    if _is_deeper_than(MAX_DEPTH, document):
        raise MalformedNotification(f"The body is nested more than {MAX_DEPTH} levels deep")
    if _LONE_SURROGATE_POSSIBLE.search(body):
        document = _without_lone_surrogates(document)
    if not isinstance(document, dict):
        raise MalformedNotification("The body is a JSON object")
    return document


def _is_deeper_than(levels: int, value: object) -> bool:
    if not isinstance(value, dict | list):
        return False
    members = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper_than(levels - 1, member) for member in members)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)  # 1e999 could be read but never be written again
    return number


def _without_lone_surrogates(document: object) -> object:
    """Half an emoji, cut off by its writer, becomes U+FFFD: what we keep can be encoded again."""
    text = json.dumps(document, ensure_ascii=False)
    cleaned: object = json.loads(encodable(text))
    return cleaned


def _id(document: Mapping[str, Any], member: str) -> str:
    value = document.get(member)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID_CHARS:
        raise MalformedNotification(f"{member} is a string of 1 to {MAX_ID_CHARS} characters")
    return value


def _number(document: Mapping[str, Any], member: str) -> int:
    value = document.get(member)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_NUMBER:
        raise MalformedNotification(f"{member} is a whole number from 0 to {MAX_NUMBER}")
    return value
