"""OpenAPI 3.1 from the routes: models, scopes, errors and headers are said once, in the code that enforces them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from shared.core.http.routes import Route, Routes

if TYPE_CHECKING:
    from pydantic import BaseModel

_ENVELOPE = "Failure"
_Mode = Literal["validation", "serialization"]
_META = {
    "type": "object",
    "required": ["request_id", "version", "limit", "skip", "total", "next_cursor"],
    "properties": {
        "request_id": {"type": "string"},
        "version": {"type": "string"},
        "limit": {"type": ["integer", "null"]},
        "skip": {"type": ["integer", "null"]},
        "total": {"type": ["integer", "null"]},
        "next_cursor": {"type": ["string", "null"]},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "code", "title", "detail", "status", "pointer"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "status": {"type": "integer"},
        "pointer": {"type": ["string", "null"]},
    },
}
_OPENAI_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_ERRORS = {
    "400": "The request cannot be read",
    "401": "No valid credential",
    "403": "The credential lacks the scope",
    "404": "No such resource",
    "409": "The state forbids it",
    "412": "The resource has changed",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "A rule is broken; errors[].pointer says where",
    "429": "Too many requests; see Retry-After",
    "502": "Another service failed to answer properly",
    "503": "A dependency is unavailable",
    "504": "Another service did not answer in time",
}


def _envelope(data: dict[str, Any], *, success: bool) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["success", "data", "message", "meta", "errors"],
        "properties": {
            "success": {"const": success},
            "data": data,
            "message": {"type": "string"},
            "meta": {"$ref": "#/components/schemas/Meta"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
        },
    }


def _schema(
    model: "type[BaseModel]", schemas: dict[str, Any], mode: Literal["validation", "serialization"]
) -> dict[str, Any]:
    document = model.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    schemas |= document.pop("$defs", {})
    known = schemas.setdefault(model.__name__, document)
    if known != document:
        message = f"two models are called {model.__name__}"
        raise ValueError(message)
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _parameters(route: Route, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in route.path.split("/")
        if part.startswith("{")
    ]
    if route.query is not None:
        document = route.query.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= document.pop("$defs", {})
        found += [
            {"name": name, "in": "query", "required": name in document.get("required", []), "schema": schema}
            for name, schema in document["properties"].items()
        ]
    if route.idempotent:
        found.append(
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 1, "maxLength": 255}}
        )
    if _is_resource(route):
        found.append({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}})
    if route.method == "PUT":
        found.append({"name": "If-Match", "in": "header", "schema": {"type": "string"}})
    return found


def _is_resource(route: Route) -> bool:
    """Whether the answer is one resource, which carries an ``ETag``."""
    return route.method == "GET" and not route.paged and not route.raw


def _statuses(route: Route) -> list[str]:
    told = ["400", "413", "429", "503"]
    if not route.public:
        told += ["401", "403"]
    if "{" in route.path or not route.public:
        told.append("404")
    if route.body is not None or route.query is not None:
        told.append("422")
    if route.body is not None:
        told.append("415")
    if route.idempotent or route.method != "GET":
        told.append("409")
    if _is_resource(route):
        told.append("304")
    if route.method == "PUT":
        told.append("412")
    return sorted({*told, *map(str, route.refuses)})


def _refusal(status: str, route: Route) -> dict[str, Any]:
    if route.failures == _ENVELOPE:
        return {"$ref": f"#/components/responses/{status}"}
    schema = {"$ref": f"#/components/schemas/{route.failures}"}
    return {"description": _ERRORS[status], "content": {"application/json": {"schema": schema}}}


def _operation(route: Route, tag: str, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [tag],
        "summary": route.summary.splitlines()[0],
        "parameters": _parameters(route, schemas),
        "responses": {},
        "security": [] if route.public else [{"bearer": []}, {"apiKey": []}],
    }
    if route.scope is not None:
        operation["x-scope"] = route.scope
    if route.body is not None:
        schema = _schema(route.body, schemas, "validation")
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.raw and route.method == "POST":
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {}}}}
    data: dict[str, Any] = _schema(route.returns, schemas, "serialization") if route.returns else {}
    if route.paged:
        data = {"type": "array", "items": data}
    answer = {} if route.raw else _envelope(data, success=True)
    operation["responses"][str(route.status)] = {
        "description": "Done",
        "content": {media: {"schema": answer} for media in route.media},
    }
    for status in _statuses(route):
        operation["responses"][status] = _refusal(status, route)
    return operation


def document(functions: Iterable[Routes], *, version: str) -> dict[str, Any]:
    """The whole document. Raises ``ValueError`` for two models or operations of one name."""
    schemas: dict[str, Any] = {"Meta": _META, "Problem": _PROBLEM}
    schemas |= {_ENVELOPE: _envelope({"type": "null"}, success=False), "OpenAIError": _OPENAI_ERROR}
    paths: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for routes in functions:
        for route in routes:
            if route.name in names:
                message = f"two operations are called {route.name}"
                raise ValueError(message)
            names.add(route.name)
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, routes.tag, schemas)
    failure = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard",
            "version": version,
            "description": "Integration backend for teams that build real-time conversational agents on Agora.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {s: {"description": d, "content": failure} for s, d in _ERRORS.items()}
            | {"304": {"description": "Not modified: If-None-Match names the current ETag"}},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an access token"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }
