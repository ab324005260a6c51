"""Row webhook: a notification signed as Agora signs comes in; PyPI ``standardwebhooks`` verifies what goes out."""

import json
import secrets
import time
from contextlib import ExitStack
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.demo import notifications, sink
from tests.demo.api import Api, Refused, described, temporarily, until
from tests.demo.table import Skipped
from tests.demo.target import SINK_PORT, Target, need_free

EVENT_TYPE = "agora.rtc.user_joined"
ARRIVES_S = 30.0
"""Both queues and three cold functions; warm it takes well under a second."""


def prove(target: Target) -> str:
    """In and out: refused when forged, collapsed when repeated, delivered once, verified by somebody else's code."""
    if not target.local and not target.sink_url:
        raise Skipped(f"needs SINK_URL=, a public address that leads to port {SINK_PORT} of this machine")
    need_free(SINK_PORT)
    path, secret = f"/demo-{secrets.token_hex(8)}", secrets.token_hex(16)
    with ExitStack() as made:
        receiver = made.enter_context(sink.running(SINK_PORT))
        api = made.enter_context(target.api())
        base = (target.sink_url or receiver.url).rstrip("/")
        wanted = {"url": base + path, "event_types": [EVENT_TYPE], "description": "switchboard-demo"}
        endpoint = made.enter_context(temporarily(api, "/v1/webhooks/endpoints", wanted))
        source = made.enter_context(
            temporarily(api, "/v1/sources", {"provider": "agora", "name": "switchboard-demo", "secrets": [secret]})
        )
        document, patience_s = notifications.fresh(), target.patience_s or ARRIVES_S
        began = time.monotonic()
        _notify(api, source["url"], document, secret)
        delivered = until(
            lambda: next(iter(receiver.at(path)), None), seconds=patience_s, what=f"the delivery to {base}"
        )
        took_ms = round((time.monotonic() - began) * 1000)
        _verify(endpoint["secret"], delivered, document)
        until(lambda: _listed(api, endpoint["id"]), seconds=patience_s, what="a delivery listed as delivered")
        assert len(receiver.at(path)) == 1, f"{len(receiver.at(path))} deliveries of one notification"
    return f"Agora's signature in (forged: 401, repeat: once), out after {took_ms} ms, verified by standardwebhooks"


def _notify(api: Api, url: str, document: dict[str, Any], secret: str) -> None:
    """A forgery, the notification, and the repeat that Agora sends when it is in doubt."""
    body, _ = notifications.signed(document, secret)
    _, forged = notifications.signed(document, "not the secret")
    refused = api.ask("POST", url, content=body, headers=forged)
    assert refused.status == 401, f"forged: {described('POST', url, refused)}"
    first, repeat = (_send(api, url, document, secret) for _ in range(2))
    assert (first["duplicate"], repeat["duplicate"]) == (False, True), "a repeat was taken for a new notification"
    assert first["event_id"] == repeat["event_id"], "a repeat was given an id of its own"


def _send(api: Api, url: str, document: dict[str, Any], secret: str) -> dict[str, Any]:
    body, headers = notifications.signed(document, secret)
    reply = api.ask("POST", url, content=body, headers=headers)
    if reply.status != 200:
        raise Refused(described("POST", url, reply))
    accepted: dict[str, Any] = reply.data
    return accepted


def _verify(secret: str, delivered: sink.Received, document: dict[str, Any]) -> None:
    """By the library of Standard Webhooks, which also must refuse a changed body."""
    webhook = Webhook(secret)
    payload = webhook.verify(delivered.body, delivered.headers)
    assert payload["type"] == EVENT_TYPE, f"the delivery's type is {payload['type']}"
    assert payload["data"] == document["payload"], "the delivery holds another payload than the notification"
    changed = json.dumps(payload | {"data": {}}).encode()
    try:
        webhook.verify(changed, delivered.headers)
    except WebhookVerificationError:
        return
    raise AssertionError("standardwebhooks verifies a body that was changed")


def _listed(api: Api, endpoint_id: str) -> bool | None:
    found = api.call("GET", "/v1/webhooks/deliveries", params={"endpoint_id": endpoint_id})
    return True if [d["status"] for d in found] == ["delivered"] else None
