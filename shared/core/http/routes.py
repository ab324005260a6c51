"""Routes as data: what a function answers, who may call it, and what its models are.

A route names the scope it needs, or says ``authenticated=True`` (any principal) or ``public=True``; one that says
none of them fails at import, so that forgetting is impossible. The registry feeds the pipeline, the shells, OpenAPI
and the permission tests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from shared.core import ids
from shared.core.errors import Forbidden
from shared.core.http.request import Request
from shared.core.idempotency import Began
from shared.core.limits import Policy
from shared.core.scope import OrgScope, Principal

if TYPE_CHECKING:
    from pydantic import BaseModel

KIB = 1024
DEFAULT_MAX_BODY = 256 * KIB


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted call. ``body`` and ``query`` are instances of the route's models."""

    request: Request
    route: "Route"
    now: int
    principal: Principal | None = None
    body: Any = None
    query: Any = None
    slot: Began | None = None
    """Set under an Idempotency-Key."""

    @property
    def org(self) -> OrgScope:
        """The caller's organization. A public route has none."""
        return self.caller.org

    @property
    def caller(self) -> Principal:
        """The principal. A public route has none."""
        if self.principal is None:
            raise Forbidden
        return self.principal

    def path(self, name: str) -> str:
        """A value from the path."""
        return self.request.path_values[name]

    def new_id(self, prefix: str) -> str:
        """An id for what this call creates; under an Idempotency-Key the same for every try: a retry collapses."""
        if self.slot is None:
            return ids.new(prefix, self.now)
        return ids.seeded(prefix, self.slot.at, self.slot.seed)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``items`` are models."""

    items: "list[Any]"
    limit: int
    next_cursor: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """A finished body outside the envelope (JWKS, OpenAPI, provider acknowledgements)."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation."""

    name: str
    """Unique ``operationId``, e.g. ``mintAgoraToken``."""
    method: str
    path: str
    """Template: ``/v1/api-keys/{key_id}``."""
    handler: Handler
    scope: str | None
    public: bool
    """No credential at all; with neither scope nor ``public``, any principal may call."""
    body: "type[BaseModel] | None"
    query: "type[BaseModel] | None"
    returns: Any
    status: int
    paged: bool
    idempotent: bool
    raw: bool
    max_body: int
    cache_control: str
    hide_on_replay: tuple[str, ...]
    per_ip: bool
    policy: Policy | None
    """A limit of its own, counted apart from the principal's default one."""
    audit: bool
    target: str
    """The field of the answer's data that names what was made, for the audit entry."""
    refuses: tuple[int, ...]
    """Statuses it also answers with, beyond those that follow from what else it says; for the document."""
    failures: str
    """The document's schema of its refusals."""
    media: tuple[str, ...]
    """The document's media types of its success."""
    summary: str


class Routes:
    """The routes of one function."""

    def __init__(self, tag: str) -> None:
        """``tag`` groups the operations in OpenAPI."""
        self.tag = tag
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        """In order of declaration."""
        return iter(self._routes)

    def add(  # noqa: PLR0913 - the whole description of an operation, all by keyword
        self,
        method: str,
        path: str,
        *,
        name: str,
        scope: str | None = None,
        authenticated: bool = False,
        public: bool = False,
        body: "type[BaseModel] | None" = None,
        query: "type[BaseModel] | None" = None,
        returns: Any = None,  # noqa: ANN401 - a model class or None
        status: int = 200,
        paged: bool = False,
        idempotent: bool = False,
        raw: bool = False,
        max_body: int = DEFAULT_MAX_BODY,
        cache_control: str = "no-store",
        hide_on_replay: tuple[str, ...] = (),
        per_ip: bool = True,
        policy: Policy | None = None,
        audit: bool | None = None,
        target: str = "id",
        refuses: tuple[int, ...] = (),
        failures: str = "Failure",
        media: tuple[str, ...] = ("application/json",),
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function. Raises ``TypeError`` unless it says one of scope, authenticated, public.

        ``idempotent``: honours ``Idempotency-Key``; ``hide_on_replay``: fields of ``data`` that are told once only.
        ``per_ip``: a public route counts calls per address. ``audit``: whether a success enters the audit chain;
        by default every scoped operation that is not a GET. For the document only: ``refuses``, further statuses;
        ``failures``, ``OpenAIError`` where that protocol's body stands in place of our envelope; ``media``, the types
        of a raw answer.
        """
        if [scope is not None, authenticated, public].count(True) != 1:
            message = f"{method} {path} must say exactly one of scope=…, authenticated=True, public=True"
            raise TypeError(message)

        def register(handler: Handler) -> Handler:
            self._routes.append(
                Route(
                    name=name,
                    method=method,
                    path=path,
                    handler=handler,
                    scope=scope,
                    public=public,
                    body=body,
                    query=query,
                    returns=returns,
                    status=status,
                    paged=paged,
                    idempotent=idempotent,
                    raw=raw,
                    max_body=max_body,
                    cache_control=cache_control,
                    hide_on_replay=hide_on_replay,
                    per_ip=per_ip,
                    policy=policy,
                    audit=(not public and method != "GET") if audit is None else audit,
                    refuses=refuses,
                    failures=failures,
                    media=media,
                    target=target,
                    summary=(handler.__doc__ or "").strip(),
                )
            )
            return handler

        return register

    def find(self, request: Request) -> tuple[Route, Request] | None:
        """The route for a request, and the request with its path values. A literal segment wins over a ``{value}``."""
        fitting = [r for r in self._routes if r.method == request.method and matches(r.path, request.path)]
        if not fitting:
            return None
        route = min(fitting, key=lambda r: r.path.count("{"))
        pairs = zip(route.path.split("/"), request.path.split("/"), strict=False)
        values = {name[1:-1]: unquote(value) for name, value in pairs if name.startswith("{")}
        return route, replace(request, path_values=values)

    def allowed(self, path: str) -> list[str]:
        """Methods that some route offers on this concrete path; empty when no route matches it."""
        return sorted({r.method for r in self._routes if matches(r.path, path)})


def matches(template: str, path: str) -> bool:
    """Whether a concrete path fits a template, segment by segment; a value is never empty."""
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        bool(g) if w.startswith("{") else w == g for w, g in zip(wanted, given, strict=True)
    )
