"""What a provider's refusal means to our caller.

    Problem
    ├── UpstreamRejected 400      the provider refuses the request itself
    ├── UpstreamUnknown 404       it does not know the model or the path
    ├── UpstreamTooLarge 413
    ├── UpstreamInvalid 422
    ├── UpstreamThrottled 429     too fast; carries when to come back
    │   └── UpstreamQuota         spent, not fast: coming back does not help
    ├── UpstreamCredentials 502   it refuses the organization's own key, which is not the caller's
    ├── UpstreamBroken 502        it answered with something that is no completion
    ├── UpstreamOverloaded 503
    └── UpstreamTimeout 504       (of shared.core.errors)

A 401 of the provider must not reach the caller as 401: the caller's own key was good. Its sentence does
not pass either, as providers quote the key in it. A 429 stays a 429 and keeps ``Retry-After``.
"""

import json
from collections.abc import Mapping

from shared.core import errors
from shared.llm import openai_error
from shared.llm.openai_error import OpenAIError


class UpstreamProblem(errors.Problem):
    """Base of what a provider caused. ``error`` is its own account of it, if it gave one."""

    error: OpenAIError | None = None


class UpstreamRejected(UpstreamProblem):
    """The provider refuses the request itself."""

    status = 400
    code = "upstream_rejected"
    title = "The model provider refused the request"


class UpstreamUnknown(UpstreamProblem):
    """Most often a model name that this provider does not serve."""

    status = 404
    code = "upstream_not_found"
    title = "The model provider does not know this model or path"


class UpstreamTooLarge(UpstreamProblem):
    """Over the provider's size limit."""

    status = 413
    code = "upstream_too_large"
    title = "The request is too large for the model provider"


class UpstreamInvalid(UpstreamProblem):
    """FastAPI-based servers say 422 where OpenAI says 400."""

    status = 422
    code = "upstream_invalid"
    title = "The model provider finds the request invalid"


class UpstreamThrottled(UpstreamProblem):
    """Too many requests or tokens per minute for this key at the provider."""

    status = 429
    code = "upstream_throttled"
    title = "The model provider limits the rate of this key"
    retryable = True


class UpstreamQuota(UpstreamThrottled):
    """Money is spent. ``x-should-retry: false`` stops OpenAI's clients from trying twice more."""

    code = "insufficient_quota"
    title = "The account at the model provider has no quota left"
    retryable = False


class UpstreamCredentials(UpstreamProblem):
    """The provider refuses the key that the organization configured."""

    status = 502
    code = "upstream_credentials"
    title = "The model provider refuses the configured key: set it with PUT /v1/llm/upstream"


class UpstreamBroken(UpstreamProblem):
    """An answer that is no completion, or a stream that stopped in the middle."""

    status = 502
    code = "upstream_broken"
    title = "The model provider's answer is broken"
    retryable = True


class UpstreamOverloaded(UpstreamProblem):
    """503, and Anthropic's 529, which other providers have copied."""

    status = 503
    code = "upstream_overloaded"
    title = "The model provider is overloaded"
    retryable = True


_BY_STATUS: Mapping[int, type[UpstreamProblem]] = {
    400: UpstreamRejected,
    401: UpstreamCredentials,
    403: UpstreamCredentials,
    404: UpstreamUnknown,
    413: UpstreamTooLarge,
    422: UpstreamInvalid,
    429: UpstreamThrottled,
    503: UpstreamOverloaded,
    529: UpstreamOverloaded,
}
_TIMEOUTS = frozenset({408, 504})
_KEPT_HEADERS = ("retry-after", "retry-after-ms")
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def of_answer(status: int, headers: Mapping[str, str], body: bytes) -> errors.Problem:
    """The problem to raise for a provider's answer of 400 or above (or an error inside a 200)."""
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    if status in _TIMEOUTS:
        return errors.UpstreamTimeout(headers=kept)
    error = _error_in(body)
    kind = _BY_STATUS.get(status, UpstreamBroken)
    if kind is UpstreamThrottled and error is not None and _QUOTA_CODES & {error.code, error.type}:
        kind, kept = UpstreamQuota, {**kept, "x-should-retry": "false"}
    if kind is UpstreamCredentials or error is None:
        return kind(headers=kept)
    problem = kind(error.message or None, headers=kept)
    problem.error = error
    return problem


def of_stream(error: OpenAIError) -> UpstreamBroken:
    """The problem for an error that came before any content, in place of a stream's first chunk."""
    problem = UpstreamBroken(error.message or None)
    problem.error = error
    return problem


def described(problem: errors.Problem) -> OpenAIError:
    """The error body of any problem, with the provider's own code where it gave one."""
    ours = openai_error.of(problem)
    theirs = problem.error if isinstance(problem, UpstreamProblem) else None
    return OpenAIError(ours.message, ours.type, theirs.code or ours.code, theirs.param) if theirs else ours


def _error_in(body: bytes) -> OpenAIError | None:
    try:
        return openai_error.read(json.loads(body))
    except (ValueError, RecursionError):
        return None
