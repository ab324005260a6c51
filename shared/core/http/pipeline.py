"""What happens to every request, as plain functions over a ``Request`` value.

    request id → authenticate → scope → limit → read → idempotency → handler → envelope → access log, metrics

Two thin shells feed it: Powertools' resolver on Lambda and ASGI where answers stream. Errors are raised
anywhere below and turned into answers in ONE place, :func:`run`'s ``except``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.core import idempotency as idem
from shared.core.audit import AuditEntry, AuditLog
from shared.core.clock import Clock, system
from shared.core.config import Config
from shared.core.errors import Forbidden, NotFound, PayloadTooLarge, Problem, TooManyRequests
from shared.core.http import conditional, envelope
from shared.core.http.body import read_json, read_query
from shared.core.http.headers import SECURITY, cors
from shared.core.http.request import Answer, Request
from shared.core.http.routes import Call, Created, Page, Raw, Route
from shared.core.idempotency import IdempotencyStore, Slot, StoredAnswer
from shared.core.limits import Limiter, Policy, StoreDown
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.scope import OrgScope, Principal

IP_POLICY = Policy("ip", quota=6_000, burst=60, per_second=20)
"""Public routes, per address: generous, since many callers may share one."""

LONGEST_ID = 128
"""Characters of a value in a path: no id of ours has half as many, and the store takes keys of 1 KiB at most."""


class Authenticate(Protocol):
    """Turns credentials into a principal, or raises 401."""

    def __call__(self, request: Request, now: int) -> Principal:
        """Raises :class:`shared.core.errors.Unauthorized`."""


@dataclass(frozen=True)
class Guards:
    """The ports the pipeline needs. The ports of writes are made on first use: most calls never need them."""

    config: Config
    authenticate: Authenticate
    limiter: Limiter
    idempotency: Callable[[], IdempotencyStore]
    audit: Callable[[], AuditLog]
    clock: Clock = system
    logger: Logger = field(default_factory=Logger)
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def policy(self) -> Policy:
        """The default limit of a principal: the hourly quota, a tenth of it at once."""
        quota = self.config.hourly_limit
        return Policy("default", quota=quota, burst=max(20, quota // 10), per_second=max(10.0, quota / 360))


class Reporter(Protocol):
    """What telling of a call needs; the guards have it, and so has a function without callers to guard against."""

    @property
    def clock(self) -> Clock:
        """Milliseconds."""

    @property
    def logger(self) -> Logger:
        """Structured lines."""

    @property
    def metrics(self) -> Metrics:
        """EMF lines."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request past authentication, scope and limit."""

    principal: Principal | None
    headers: dict[str, str]


def limit(guards: Guards, key: str, policy: Policy, now: int, route: str) -> dict[str, str]:
    """Count the call; the ``RateLimit`` headers. Raises 429. Lets the call through when the store is down."""
    try:
        verdict = guards.limiter.check(key, policy, now)
    except StoreDown:
        guards.logger.emit(Log.LIMITER_UNAVAILABLE, route=route)
        guards.metrics.put({Metric.LIMITER_FAIL_OPEN: 1}, route=route)
        return {}
    if not verdict.allowed:
        guards.logger.emit(Log.LIMIT_REFUSED, route=route, principal=key if not key.startswith("ip:") else None)
        raise TooManyRequests(headers=verdict.headers())
    return verdict.headers()


def admit(route: Route, request: Request, guards: Guards, now: int) -> Admitted:
    """Authenticate, check the scope, count. A public route is counted per address instead."""
    if len(request.body) > route.max_body:
        message = f"the body is over {route.max_body} bytes"
        raise PayloadTooLarge(message)
    if route.public:
        headers = limit(guards, f"ip:{request.source_ip}", IP_POLICY, now, route.path) if route.per_ip else {}
        return Admitted(None, headers)
    principal = guards.authenticate(request, now)
    if route.scope is not None and not principal.may(route.scope):
        message = f"this operation needs the scope {route.scope}"
        raise Forbidden(message)
    if route.policy is not None:
        return Admitted(principal, limit(guards, f"{principal.id}:{route.policy.name}", route.policy, now, route.path))
    return Admitted(principal, limit(guards, principal.id, guards.policy, now, route.path))


def _jsonable(value: Any) -> Any:  # noqa: ANN401 - models, lists of models and plain JSON
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    return value


def _render(route: Route, result: Any, request: Request, config: Config) -> Answer:  # noqa: ANN401 - see Route.returns
    """The handler's result as a final answer."""
    meta = envelope.Meta(request.request_id, config.version)
    match result:
        case Raw():
            return Answer(result.status, {"Content-Type": result.content_type, **result.headers}, result.body)
        case Page():
            meta = envelope.Meta(
                request.request_id,
                config.version,
                limit=result.limit,
                total=result.total,
                next_cursor=result.next_cursor,
            )
            body = envelope.success(_jsonable(result.items), "OK", meta)
            return Answer(200, {"Content-Type": "application/json"}, body)
        case Created():
            body = envelope.success(_jsonable(result.data), result.message, meta)
            return Answer(result.status, {"Content-Type": "application/json", **result.headers}, body)
        case _ if route.method == "GET":
            return _resource(_jsonable(result), request, meta)
        case _:
            body = envelope.success(_jsonable(result), "OK", meta)
            return Answer(route.status, {"Content-Type": "application/json"}, body)


def _resource(data: object, request: Request, meta: envelope.Meta) -> Answer:
    """One resource with its ``ETag``, or 304 for a caller who has it already."""
    tag = conditional.etag(data)
    if conditional.names(request.headers.get("if-none-match"), tag):
        return Answer(304, {"ETag": tag}, b"")
    return Answer(200, {"Content-Type": "application/json", "ETag": tag}, envelope.success(data, "OK", meta))


def _without_secrets(answer: Answer, hidden: tuple[str, ...]) -> bytes:
    """The body to keep for replay: fields told once only are null."""
    if not hidden:
        return answer.body
    import json

    document = json.loads(answer.body)
    for name in hidden:
        if isinstance(document.get("data"), dict) and name in document["data"]:
            document["data"][name] = None
    return envelope.dump(document)


def _work(route: Route, call: Call, guards: Guards) -> Answer:
    answer = _render(route, route.handler(call), call.request, guards.config)
    if route.audit and call.principal is not None:
        _audit(route, call, guards)
    return answer


def _audit(route: Route, call: Call, guards: Guards) -> None:
    principal = call.caller
    target = next(iter(call.request.path_values.values()), None)
    entry = AuditEntry(route.name, principal.id, call.request.request_id, call.now, target)
    guards.audit().append(principal.org, entry)


def _once(route: Route, call: Call, guards: Guards, key: str) -> Answer:
    """The handler under an ``Idempotency-Key``: two writes more."""
    org, store = call.org, guards.idempotency()
    slot = idem.slot_for(org, route.name, key, call.request.body)
    stored = idem.replayable(store.begin(org, slot, call.now), slot)
    if stored is not None:
        headers = {"Content-Type": "application/json", "Idempotency-Replayed": "true"}
        return Answer(stored.status, headers, stored.body)
    try:
        answer = _work(route, call, guards)
    except Exception:
        store.release(org, slot)
        raise
    _keep(store, org, slot, StoredAnswer(answer.status, _without_secrets(answer, route.hide_on_replay)), guards)
    return answer


def _keep(store: IdempotencyStore, org: OrgScope, slot: Slot, answer: StoredAnswer, guards: Guards) -> None:
    """The work is done: failing to keep its answer must not turn it into an error."""
    try:
        store.complete(org, slot, answer, guards.clock())
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller's work succeeded
        guards.logger.crash(Log.IDEMPOTENCY_LOST, error)


def answer_call(route: Route, request: Request, admitted: Admitted, guards: Guards, now: int) -> Answer:
    """Read, run once, render."""
    if any(len(value) > LONGEST_ID for value in request.path_values.values()):
        raise NotFound
    call = Call(
        request=request,
        route=route,
        now=now,
        principal=admitted.principal,
        body=read_json(route.body, request.body, request.headers, route.max_body) if route.body else None,
        query=read_query(route.query, request.query) if route.query else None,
    )
    key = request.idempotency_key() if route.idempotent else None
    return _once(route, call, guards, key) if key is not None else _work(route, call, guards)


def problem_answer(problem: Problem, request: Request, config: Config) -> Answer:
    """A problem in our envelope."""
    meta = envelope.Meta(request.request_id, config.version)
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **problem.headers}
    return Answer(type(problem).status, headers, envelope.failure(problem, meta))


def log_access(
    reporter: Reporter,
    request: Request,
    route: str,
    started: int,
    status: int,
    principal: Principal | None,
    code: str | None,
) -> None:
    """One line and one metric line for every call."""
    took = reporter.clock() - started
    reporter.logger.emit(
        Log.REQUEST_ANSWERED,
        request_id=request.request_id,
        traceparent=request.traceparent,
        method=request.method,
        route=route,
        status=status,
        code=code,
        duration_ms=took,
        org=principal.org.org if principal else None,
        principal=principal.id if principal else None,
    )
    values: dict[Metric, float] = {Metric.REQUESTS: 1, Metric.LATENCY: took}
    if status >= 500:  # noqa: PLR2004 - HTTP's own border
        values[Metric.ERRORS] = 1
    elif status >= 400:  # noqa: PLR2004 - HTTP's own border
        values[Metric.REFUSALS] = 1
    reporter.metrics.put(values, route=route)


def run(route: Route, request: Request, guards: Guards) -> Answer:
    """The whole way of one request. Never raises."""
    now = guards.clock()
    admitted = Admitted(None, {})
    code: str | None = None
    try:
        admitted = admit(route, request, guards, now)
        answer = answer_call(route, request, admitted, guards, now)
    except Exception as error:  # noqa: BLE001 - the one boundary
        problem = error if isinstance(error, Problem) else Problem()
        if problem is not error:
            guards.logger.crash(Log.REQUEST_CRASHED, error, request_id=request.request_id, route=route.path)
        code = type(problem).code
        answer = problem_answer(problem, request, guards.config)
    log_access(guards, request, route.path, now, answer.status, admitted.principal, code)
    return finish(answer, route.cache_control, admitted.headers, request, guards.config)


def finish(answer: Answer, cache_control: str, extra: dict[str, str], request: Request, config: Config) -> Answer:
    """Add what every answer carries; what the answer says itself wins."""
    headers = {
        **SECURITY,
        "Cache-Control": cache_control,
        "X-Request-Id": request.request_id,
        **extra,
        **cors(request.headers, config),
        **answer.headers,
    }
    return Answer(answer.status, headers, answer.body)
