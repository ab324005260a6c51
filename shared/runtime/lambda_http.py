"""The Lambda shell: API Gateway HTTP API events in, answers out, routed by Powertools' resolver."""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response

from shared.core.errors import MethodNotAllowed, NotFound, Problem
from shared.core.http import headers as header_rules
from shared.core.http.pipeline import finish, log_access, problem_answer, run
from shared.core.http.request import Answer, Request, request_id
from shared.core.http.routes import Route, Routes
from shared.runtime.container import Container

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

Event = dict[str, Any]
LambdaHandler = Callable[[Event, "LambdaContext"], dict[str, Any]]
_GZIP_FROM = 1024
"""Below the size of a packet compression saves nothing."""
_METHODS = ["DELETE", "GET", "PATCH", "POST", "PUT"]


def to_request(event: Event, now: int, path_values: dict[str, str]) -> Request:
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
        path_values=path_values,
        body=raw,
        source_ip=http.get("sourceIp") or "unknown",
        request_id=request_id(headers.get("x-request-id"), now),
    )


class _Shell:
    """Binds routes to the resolver."""

    def __init__(self, routes: Routes | None, container: Container) -> None:
        self.routes = routes
        self.container = container
        self.guards = container.guards
        self.resolver = APIGatewayHttpResolver()
        for route in routes or ():
            rule = route.path.replace("{", "<").replace("}", ">")
            self.resolver.route(rule=rule, method=route.method)(self._endpoint(route))
        self.resolver.not_found(self._unrouted)

    def _request(self, path_values: dict[str, str]) -> Request:
        return to_request(self.resolver.current_event.raw_event, self.container.clock(), path_values)

    def _endpoint(self, route: Route) -> Callable[..., Response[str]]:
        def endpoint(**path_values: str) -> Response[str]:
            return self._respond(run(route, self._request(path_values), self.guards))

        return endpoint

    def _unrouted(self, _error: Exception) -> Response[str]:
        """A path or method that no route offers: preflight, 405 or 404."""
        request = self._request({})
        methods = self.routes.allowed(request.path) if self.routes else []
        if request.method == "OPTIONS":
            headers = header_rules.preflight(request.headers, methods or _METHODS, self.container.config)
            return self._respond(finish(Answer(204, headers, b""), "no-store", {}, request, self.container.config))
        if methods:
            offered = ", ".join(methods)
            return self._refuse(
                MethodNotAllowed(f"this resource supports {offered}", headers={"Allow": offered}), request
            )
        return self._refuse(NotFound("no route has this path"), request)

    def _refuse(self, problem: Problem, request: Request) -> Response[str]:
        now = self.container.clock()
        answer = problem_answer(problem, request, self.container.config)
        log_access(self.guards, request, "unknown", now, answer.status, None, type(problem).code)
        return self._respond(finish(answer, "no-store", {}, request, self.container.config))

    def _respond(self, answer: Answer) -> Response[str]:
        headers: dict[str, str | list[str]] = dict(answer.headers)
        return Response(
            status_code=answer.status,
            content_type=answer.headers.get("Content-Type"),
            body=answer.body.decode(),
            headers=headers,
            compress=len(answer.body) >= _GZIP_FROM,
        )


def lambda_api(routes: Routes | None, container: Container) -> LambdaHandler:
    """The entry point of an HTTP function. ``routes`` None: the fallback, which knows no path.

    The ports are built here, in the init phase, which has more CPU than a small function's share.
    """
    shell = _Shell(routes, container)

    def handler(event: Event, context: "LambdaContext") -> dict[str, Any]:
        return shell.resolver.resolve(event, context)

    return handler
