"""What happens to every request, as plain functions over a ``Request`` value.

    request id → authenticate → limit → scope → read → idempotency → handler → audit → envelope → access log, metrics

Two thin shells feed it: API Gateway events on Lambda, and ASGI where answers stream. Errors are raised
anywhere below and turned into answers in ONE place, :func:`run`'s ``except``.
"""

from dataclasses import dataclass

from shared.core.errors import Forbidden, NotFound, PayloadTooLarge, Problem, Unauthorized
from shared.core.http.answers import finish, problem_answer
from shared.core.http.body import read_json, read_query
from shared.core.http.deed import do
from shared.core.http.guards import Guards, Reporter, limit, limit_address
from shared.core.http.request import Answer, Request
from shared.core.http.routes import Call, Route
from shared.core.logs import Log
from shared.core.metrics import Metric
from shared.core.scope import Principal

LONGEST_ID = 128
"""Characters of a value in a path: no id of ours has half as many, and the store takes keys of 1 KiB at most."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request past authentication, limit and scope."""

    principal: Principal | None
    headers: dict[str, str]


def admit(route: Route, request: Request, guards: Guards, now: int) -> Admitted:
    """Authenticate, count, check the scope. A public route is counted per address instead."""
    if len(request.body) > route.max_body:
        raise PayloadTooLarge(f"the body is over {route.max_body} bytes")
    if route.public:
        headers = limit_address(guards, request, now, route.path) if route.per_ip else {}
        return Admitted(None, headers)
    principal = _authenticated(route, request, guards, now)
    if route.policy is None:
        headers = limit(guards, principal.id, guards.policy, now, route.path)
    else:
        headers = limit(guards, f"{principal.id}:{route.policy.name}", route.policy, now, route.path)
    if route.scope is not None and not principal.may(route.scope):
        raise Forbidden(f"this operation needs the scope {route.scope}", headers=headers)
    return Admitted(principal, headers)


def _authenticated(route: Route, request: Request, guards: Guards, now: int) -> Principal:
    """The principal. A refused credential is counted per address: guessing is bounded. Raises 401 or 429."""
    try:
        return guards.authenticate(request, now)
    except Unauthorized as refused:
        guards.logger.emit(
            Log.CREDENTIAL_REFUSED, request_id=request.request_id, route=route.path, code=type(refused).code
        )
        limit_address(guards, request, now, route.path)
        raise


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
    return do(route, call, guards)


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
