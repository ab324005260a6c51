"""Doing what a call asks for: once per ``Idempotency-Key``, and with a trace in the audit chain."""

import json
from dataclasses import replace
from typing import Any

from shared.core import idempotency as idem
from shared.core.audit import AuditEntry
from shared.core.errors import Problem
from shared.core.http import envelope
from shared.core.http.answers import render
from shared.core.http.guards import Guards
from shared.core.http.request import Answer
from shared.core.http.routes import Call, Route
from shared.core.idempotency import Began, IdempotencyStore, Slot, StoredAnswer
from shared.core.logs import Log
from shared.core.metrics import Metric
from shared.core.scope import OrgScope


def do(route: Route, call: Call, guards: Guards) -> Answer:
    """Call the handler and render its result. Two writes more under an ``Idempotency-Key``."""
    key = call.request.idempotency_key() if route.idempotent else None
    return _work(route, call, guards) if key is None else _once(route, call, guards, key)


def _work(route: Route, call: Call, guards: Guards) -> Answer:
    result = route.handler(call)
    if route.audit and call.principal is not None:
        _audit(route, call, guards, result)
    return render(route, result, call.request, guards.config)


def _audit(route: Route, call: Call, guards: Guards, result: Any) -> None:  # noqa: ANN401 - see Route.returns
    """The deed is done: failing to chain its entry must not deny it. The log then keeps what the chain lacks."""
    principal = call.caller
    made = getattr(result, route.target, None)
    target = next(iter(call.request.path_values.values()), made if isinstance(made, str) else None)
    entry = AuditEntry(route.name, principal.id, call.request.request_id, call.now, target)
    try:
        guards.audit().append(principal.org, entry)
    except Exception as error:  # noqa: BLE001 - see above
        guards.metrics.put({Metric.AUDIT_LOST: 1}, route=route.path)
        guards.logger.crash(
            Log.AUDIT_LOST,
            error,
            org=principal.org.org,
            principal=principal.id,
            operation=route.name,
            target=target,
            request_id=call.request.request_id,
        )


def _once(route: Route, call: Call, guards: Guards, key: str) -> Answer:
    org, store = call.org, guards.idempotency()
    slot = idem.slot_for(org, route.name, key, call.request)
    begun = store.begin(org, slot, call.now)
    if not isinstance(begun, Began):
        stored = idem.replayable(begun, slot)
        headers = {"Content-Type": "application/json", "Idempotency-Replayed": "true"}
        return Answer(stored.status, headers, stored.body)
    try:
        answer = _work(route, replace(call, slot=begun), guards)
    except Exception as error:
        _let_go(store, org, slot, error, guards)
        raise
    _keep(store, org, slot, StoredAnswer(answer.status, _without_secrets(answer, route.hide_on_replay)), guards)
    return answer


def _let_go(store: IdempotencyStore, org: OrgScope, slot: Slot, error: Exception, guards: Guards) -> None:
    """The error of the work is the one to tell: a slot that cannot be freed frees itself a minute later."""
    refused = isinstance(error, Problem) and type(error).status < 500  # noqa: PLR2004 - HTTP's own border
    try:
        (store.release if refused else store.abandon)(org, slot)
    except Exception as lost:  # noqa: BLE001 - see above
        guards.logger.crash(Log.IDEMPOTENCY_LOST, lost)


def _without_secrets(answer: Answer, hidden: tuple[str, ...]) -> bytes:
    """The body to keep for replay: fields told once only are null."""
    if not hidden:
        return answer.body
    document = json.loads(answer.body)
    if isinstance(document.get("data"), dict):
        document["data"] |= {name: None for name in hidden if name in document["data"]}
    return envelope.dump(document)


def _keep(store: IdempotencyStore, org: OrgScope, slot: Slot, answer: StoredAnswer, guards: Guards) -> None:
    """The work is done: failing to keep its answer must not turn it into an error."""
    try:
        store.complete(org, slot, answer, guards.clock())
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller's work succeeded
        guards.logger.crash(Log.IDEMPOTENCY_LOST, error)
