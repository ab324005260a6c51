"""Errors in OpenAI's form, ``{"error": {"message", "type", "code", "param"}}``.

This route answers OpenAI's clients, which know this body and not our envelope. Types as listed at
https://platform.openai.com/docs/guides/error-codes; ``code`` is ours (or the provider's, where it refused).
"""

import json
from dataclasses import asdict, dataclass

from shared.core.errors import Problem

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_FIRST_SERVER_ERROR = 500

MAX_MESSAGE = 1_000
"""Characters kept of a provider's sentence: some send whole HTML pages."""


@dataclass(frozen=True, slots=True)
class OpenAIError:
    """The inside of ``error``."""

    message: str
    type: str
    code: str | None
    param: str | None = None

    def body(self) -> bytes:
        """The wire form."""
        return json.dumps({"error": asdict(self)}, separators=(",", ":")).encode()


def of(problem: Problem) -> OpenAIError:
    """Our problem in OpenAI's words."""
    if problem.status in _TYPES:
        kind = _TYPES[problem.status]
    else:
        kind = "server_error" if problem.status >= _FIRST_SERVER_ERROR else "invalid_request_error"
    param = _param(problem.fields[0].pointer) if problem.fields else None
    return OpenAIError(problem.detail, kind, problem.code, param)


def read(value: object) -> OpenAIError | None:
    """A provider's error, whatever its dialect; ``None`` where there is none to see.

    Seen: OpenAI ``{"error": {…}}``; Ollama ``{"error": "text"}``; vLLM ``{"object": "error", "message": …}``;
    FastAPI servers ``{"detail": …}``; gateways ``{"message": …}``.
    """
    if not isinstance(value, dict):
        return None
    inner = value.get("error") or value.get("detail") or value.get("message")
    if isinstance(inner, dict):
        return OpenAIError(
            _text(inner.get("message")) or _text(inner) or "",
            _text(inner.get("type")) or "upstream_error",
            _text(inner.get("code")),
            _text(inner.get("param")),
        )
    return OpenAIError(_text(inner) or "", "upstream_error", _text(value.get("code"))) if inner else None


def _text(value: object) -> str | None:
    if value is None:
        return None
    return (value if isinstance(value, str) else json.dumps(value))[:MAX_MESSAGE]


def _param(pointer: str) -> str:
    """``/messages/0/role`` → ``messages[0].role``, as OpenAI names parameters."""
    named = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in pointer.split("/") if part)
    return named.removeprefix(".")
