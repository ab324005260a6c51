"""From a handler's result, or a problem, to a finished answer."""

from typing import Any

from shared.core.config import Config
from shared.core.errors import Problem
from shared.core.http import conditional, envelope
from shared.core.http.headers import SECURITY, cors
from shared.core.http.request import Answer, Request
from shared.core.http.routes import Page, Raw, Route

_JSON = {"Content-Type": "application/json"}


def jsonable(value: Any) -> Any:  # noqa: ANN401 - models, lists of models and plain JSON
    """Models as JSON-ready values."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    return value


def render(route: Route, result: Any, request: Request, config: Config) -> Answer:  # noqa: ANN401 - see Route.returns
    """The handler's result as an answer."""
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
            return Answer(200, _JSON, envelope.success(jsonable(result.items), "OK", meta))
        case _ if route.method == "GET":
            return _resource(jsonable(result), request, meta)
        case _:
            return Answer(route.status, _JSON, envelope.success(jsonable(result), "OK", meta))


def _resource(data: object, request: Request, meta: envelope.Meta) -> Answer:
    """One resource with its ``ETag``, or 304 for a caller who has it already."""
    tag = conditional.etag(data)
    if conditional.names(request.headers.get("if-none-match"), tag):
        return Answer(304, {"ETag": tag}, b"")
    return Answer(200, _JSON | {"ETag": tag}, envelope.success(data, "OK", meta))


def problem_answer(problem: Problem, request: Request, config: Config) -> Answer:
    """A problem in our envelope."""
    meta = envelope.Meta(request.request_id, config.version)
    headers = {**_JSON, "Cache-Control": "no-store", **problem.headers}
    return Answer(type(problem).status, headers, envelope.failure(problem, meta))


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
