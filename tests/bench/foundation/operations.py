"""What each operation may ask of AWS: a budget, call by call.

A warm authenticated request is one limiter write and its own work; one read more if the key is not remembered, two
writes more under an ``Idempotency-Key``; configuration is remembered for a minute.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.core.breaker import BreakerPolicy
from shared.core.clock import SECOND
from tests.bench.foundation.world import World
from tests.fakes.calls import recording

_LIMIT = "UpdateItem limits"
_CLAIM = _FINISH = "UpdateItem events"
_MAKE_KEY = ("GetItem platform", "GetItem platform", "TransactWriteItems platform platform", "PutItem audit")
"""The organization's mode, a retry's first try, key and pointer at once, the deed."""


Step = Callable[[World], object]


@dataclass(frozen=True)
class Operation:
    """The steps ``before`` and then ``act``, once to warm the process up, then both again, ``act`` counted."""

    name: str
    budget: tuple[str, ...]
    act: Step
    before: tuple[Step, ...] = ()

    def calls(self, world: World) -> tuple[str, ...]:
        """What it asks, in order."""
        for step in (*self.before, self.act, *self.before):
            step(world)
        with recording() as calls:
            self.act(world)
        return tuple(calls.made)


def _read(function: str, path: str, *own: str) -> Operation:
    return Operation(
        f"GET {path}", (_LIMIT, *own), lambda world: world.get(function, path.format(contact=world.contact))
    )


OPERATIONS = (
    Operation("mint a token", (_LIMIT,), World.mint),
    Operation("mint a token, with an access token", (_LIMIT,), lambda w: w.mint(w.jwt)),
    Operation(
        "mint a token, key not seen before", ("GetItem platform", _LIMIT), lambda w: w.mint(w.key), (World.new_key,)
    ),
    Operation(
        "mint a token, first of a process",
        # Nobody told this process how far the principal's limit is used: a write that fails does.
        ("GetItem platform", _LIMIT, _LIMIT, "Query platform", "Decrypt kms"),
        World.mint,
        (lambda w: w.aws.restart("agora/tokens"),),
    ),
    Operation("receive a notification", (_LIMIT, "PutItem events", "SendMessage inbound"), World.notify),
    Operation("receive a repeated notification", (_LIMIT, "PutItem events"), lambda w: w.notify("the same")),
    Operation(
        "fan a notification out to one endpoint",
        # The message, the endpoint's pointer, the delivery.
        (_CLAIM, "Query platform", *["PutItem events"] * 3, "SendMessage delivery", _FINISH),
        lambda w: w.work("webhooks/process"),
        (World.notify, lambda w: w.take("inbound")),
    ),
    Operation(
        "deliver a message",
        # The endpoint's circuit, which was last looked at over a second ago.
        (_CLAIM, "GetItem events", "GetItem limits", _FINISH),
        lambda w: w.work("webhooks/deliver"),
        (
            World.notify,
            lambda w: w.take("inbound"),
            lambda w: w.work("webhooks/process"),
            lambda w: w.take("delivery"),
            lambda _: time.sleep(BreakerPolicy().fresh_ms / SECOND),
        ),
    ),
    Operation("POST /v1/api-keys", (_LIMIT, *_MAKE_KEY), World.make_key),
    Operation(
        "POST /v1/api-keys, Idempotency-Key sent",
        (_LIMIT, "PutItem limits", *_MAKE_KEY, _LIMIT),
        lambda w: w.make_key(once=True),
    ),
    Operation(
        "POST /v1/auth/token",
        (_LIMIT,),
        lambda w: w.call("identity/token", "POST", "/v1/auth/token", json_body={}),
    ),
    _read("crm/contacts", "/v1/crm/contacts", "Query crm"),
    _read("crm/contacts", "/v1/crm/contacts/{contact}", "GetItem crm"),
    _read("crm/connections", "/v1/connections", "Query platform", "BatchGetItem crm"),
    _read("agora/apps", "/v1/agora/apps", "Query platform"),
    _read("identity/keys", "/v1/api-keys", "Query platform"),
    _read("webhooks/manage", "/v1/sources", "Query platform"),
    _read("webhooks/manage", "/v1/webhooks/endpoints", "Query platform"),
    _read("webhooks/manage", "/v1/webhooks/dead-letters", "Query events"),
    _read("platform/audit", "/v1/audit", "Query audit"),
    _read("platform/status", "/v1/health"),
    _read("platform/status", "/v1/openapi.json"),
    _read("identity/token", "/.well-known/jwks.json", "Query platform"),
    Operation("a path nobody has", (), lambda w: w.aws.call("platform/fallback", "GET", "/v2/nothing")),
)
"""What a request may ask for, in the order it does."""
