"""Every failure a caller can be told about, as one tree.

    Problem
    ├── BadRequest 400            the request cannot be read
    ├── Unauthorized 401          no principal could be established
    │   └── CredentialExpired     … because the credential has run out
    ├── Forbidden 403             the principal lacks the scope
    ├── NotFound 404              missing, or another organization's
    ├── MethodNotAllowed 405
    ├── Conflict 409              the state forbids it now
    │   └── IdempotencyInFlight   the same key is still being answered
    ├── PreconditionFailed 412    If-Match names an older version
    ├── PayloadTooLarge 413
    ├── UnsupportedMediaType 415
    ├── Invalid 422               readable, but breaks a rule; carries pointers
    │   └── IdempotencyMismatch   same key, other request
    ├── TooManyRequests 429       carries when to come back
    ├── UpstreamFailed 502        another party answered wrongly
    ├── Unavailable 503           a dependency of ours is down
    └── UpstreamTimeout 504       another party did not answer in time

A problem carries its HTTP status, a stable ``code`` and one English sentence; the boundary turns it
into an answer in one place. ``detail`` is shown to the caller: it never holds a secret or personal data.
Members follow RFC 9457 (type, title, status, detail) plus ``code`` and ``pointer`` (RFC 6901).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule. ``pointer``: a JSON pointer into the body (``/ttl_seconds``), or ``?name`` of a query value."""

    pointer: str
    detail: str


class Problem(Exception):
    """Base of every error that reaches a caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something failed on our side"
    retryable: ClassVar[bool] = False
    again_s: ClassVar[int | None] = None
    """Told as ``Retry-After`` unless ``headers`` say otherwise."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        fields: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``headers`` are added to the answer (``Retry-After``, ``Allow`` …)."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.fields = tuple(fields)
        wait = {} if self.again_s is None else {"Retry-After": str(self.again_s)}
        self.headers = {**wait, **(headers or {})}


class BadRequest(Problem):
    """The request cannot be read at all."""

    status = 400
    code = "bad_request"
    title = "The request cannot be read"


class MalformedJson(BadRequest):
    """The body is not JSON."""

    code = "malformed_json"
    title = "The body is not valid JSON"


class Unauthorized(Problem):
    """No principal could be established."""

    status = 401
    code = "unauthorized"
    title = "A valid API key or access token is required"

    def __init__(self, detail: str | None = None) -> None:
        """RFC 9110 asks for a challenge on every 401."""
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="switchboard"'})


class CredentialExpired(Unauthorized):
    """The credential was good once."""

    code = "credential_expired"
    title = "The API key or access token has expired"


class Forbidden(Problem):
    """The principal is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "The credential lacks the scope this operation needs"


class NotFound(Problem):
    """Missing, or another organization's: the two are told apart by nobody."""

    status = 404
    code = "not_found"
    title = "No such resource"


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    title = "The resource does not support this method"


class Conflict(Problem):
    """The state of the resource forbids it now."""

    status = 409
    code = "conflict"
    title = "The resource is in a state that forbids this"


class IdempotencyInFlight(Conflict):
    """The first request with this key has not been answered yet."""

    code = "idempotency_in_flight"
    title = "A request with this Idempotency-Key is still being answered"
    retryable = True
    again_s = 1


class PreconditionFailed(Problem):
    """``If-Match`` names a version that is no longer current."""

    status = 412
    code = "precondition_failed"
    title = "The resource has changed since it was read"


class PayloadTooLarge(Problem):
    """The body is over the limit of its route."""

    status = 413
    code = "payload_too_large"
    title = "The body is too large"


class UnsupportedMediaType(Problem):
    """The body is not of a type this route reads."""

    status = 415
    code = "unsupported_media_type"
    title = "The body must be application/json"


class Invalid(Problem):
    """Readable, but a rule is broken; ``fields`` say where."""

    status = 422
    code = "invalid"
    title = "The request breaks a rule"


class IdempotencyMismatch(Invalid):
    """The key was used for another request."""

    code = "idempotency_mismatch"
    title = "This Idempotency-Key was used with a different request"


class TooManyRequests(Problem):
    """Over a limit; ``Retry-After`` says when to come back."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"
    retryable = True


class UpstreamFailed(Problem):
    """Another party answered wrongly."""

    status = 502
    code = "upstream_failed"
    title = "Another service failed to answer properly"
    retryable = True


class Unavailable(Problem):
    """A dependency of ours is down or throttled."""

    status = 503
    code = "unavailable"
    title = "A dependency is unavailable"
    retryable = True
    again_s = 1


class UpstreamTimeout(Problem):
    """Another party did not answer in time."""

    status = 504
    code = "upstream_timeout"
    title = "Another service did not answer in time"
    retryable = True


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """One entry of the envelope's ``errors``."""

    type: str
    code: str
    title: str
    detail: str
    status: int
    pointer: str | None = None

    def as_dict(self) -> dict[str, str | int | None]:
        """The wire form."""
        return {
            "type": self.type,
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "status": self.status,
            "pointer": self.pointer,
        }


DOCUMENTATION = "https://switchboard.dev/errors#"
"""Prefix of every ``type``: an identifier (RFC 9457 §3.1.1), stable whether or not it can be fetched."""


def documents(problem: Problem) -> list[ProblemDocument]:
    """The problem as envelope entries: one per broken field, or one in all."""
    kind = type(problem)
    located: list[tuple[str, str | None]] = [(f.detail, f.pointer) for f in problem.fields]
    if not located:
        located = [(problem.detail, None)]
    return [
        ProblemDocument(DOCUMENTATION + kind.code, kind.code, kind.title, detail, kind.status, pointer)
        for detail, pointer in located
    ]
