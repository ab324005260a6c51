"""The Lambda shell: API Gateway HTTP API events in, answers out.

A function has a handful of routes, so routing is a comparison of path segments; a resolver library would cost every
cold start 0.4 to 0.6 of what ``boto3.client("dynamodb")`` costs (docs/adr/0005-own-router.md).
"""

import base64
import gzip
import re
from collections.abc import Callable
from typing import Any

from shared.core.errors import MethodNotAllowed, NotFound, Problem
from shared.core.http import headers as header_rules
from shared.core.http.answers import finish, problem_answer
from shared.core.http.pipeline import log_access, run
from shared.core.http.request import Answer, Request, request_id
from shared.core.http.routes import Routes
from shared.runtime.container import Container

Event = dict[str, Any]
LambdaHandler = Callable[[Event, object], dict[str, Any]]
_GZIP_FROM = 1024
"""Below the size of a packet compression saves nothing."""
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
"""Named in ``Accept-Encoding``, and not with weight 0."""
_METHODS = ["DELETE", "GET", "PATCH", "POST", "PUT"]


def to_request(event: Event, now: int) -> Request:
    """The ``Request`` of a payload-format-2.0 event. A body that is not the base64 it claims is read as it came."""
    http = event["requestContext"]["http"]
    headers = {k.lower(): v for k, v in (event.get("headers") or {}).items()}
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError:
        raw = body.encode()
    return Request(
        method=http["method"],
        path=event.get("rawPath") or "/",
        headers=headers,
        query=event.get("queryStringParameters") or {},
        body=raw,
        source_ip=http.get("sourceIp") or "unknown",
        request_id=request_id(headers.get("x-request-id"), now),
    )


def to_event_answer(answer: Answer, request: Request) -> dict[str, Any]:
    """The payload-format-2.0 answer; gzip where the caller takes it and it helps."""
    headers = dict(answer.headers)
    if len(answer.body) < _GZIP_FROM or not _GZIP.search(request.headers.get("accept-encoding", "")):
        return {"statusCode": answer.status, "headers": headers, "body": answer.body.decode(), "isBase64Encoded": False}
    headers["Content-Encoding"] = "gzip"
    headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
    packed = base64.b64encode(gzip.compress(answer.body, compresslevel=5, mtime=0)).decode()
    return {"statusCode": answer.status, "headers": headers, "body": packed, "isBase64Encoded": True}


def _refuse(problem: Problem, request: Request, container: Container) -> Answer:
    now = container.clock()
    answer = problem_answer(problem, request, container.config)
    log_access(container, request, "unknown", now, answer.status, None, type(problem).code)
    return finish(answer, "no-store", {}, request, container.config)


def _unrouted(routes: Routes, request: Request, container: Container) -> Answer:
    """A path or method that no route offers: preflight, 405 or 404."""
    methods = routes.allowed(request.path)
    if request.method == "OPTIONS":
        headers = header_rules.preflight(request.headers, methods or _METHODS, container.config)
        log_access(container, request, "preflight", container.clock(), 204, None, None)
        return finish(Answer(204, headers, b""), "no-store", {}, request, container.config)
    if methods:
        offered = ", ".join(methods)
        return _refuse(
            MethodNotAllowed(f"this resource supports {offered}", headers={"Allow": offered}), request, container
        )
    return _refuse(NotFound("no route has this path"), request, container)


def lambda_api(routes: Routes, container: Container) -> LambdaHandler:
    """The entry point of an HTTP function.

    The ports are built here, in the init phase, which has more CPU than a small function's share. A function without
    routes is given no tables and needs none.
    """
    guards = container.guards if any(routes) else None

    def handler(event: Event, context: object) -> dict[str, Any]:
        del context
        request = to_request(event, container.clock())
        found = routes.find(request)
        answer = run(*found, guards) if found and guards else _unrouted(routes, request, container)
        return to_event_answer(answer, request)

    return handler
