"""What a caller may ask of ``/chat/completions``, and what of it the upstream is shown.

The body is OpenAI's, and most of it is the upstream's business: a parameter we have never heard of is
passed on, because refusing it here would break every new model on the day it appears. Checked is only
what this gateway itself relies on. Rules: https://platform.openai.com/docs/api-reference/chat/create.

Agora's engine adds fields of its own (a top-level ``context``; ``turn_id``, ``timestamp`` and ``metadata``
on each message; docs.agora.io, "Custom LLM"). OpenAI-style servers may answer 400 to those, so they stop here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from shared.core.errors import BadRequest, FieldError, MalformedJson, PayloadTooLarge
from shared.core.text import encodable

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Lambda takes 6 MB in a synchronous invocation (its quota), which here holds the body as an escaped JSON
string inside API Gateway's event: 4 MiB leaves room for the escapes of ordinary text."""

MAX_MESSAGES = 2_048
"""OpenAI's own limit on the length of ``messages``."""

MAX_MODEL_NAME = 256
"""Characters. The longest names seen (fine-tunes, ARNs of inference profiles) are below 200."""

_AGORA_BODY = frozenset({"context"})
_AGORA_MESSAGE = frozenset({"turn_id", "timestamp", "metadata"})


class InvalidChatRequest(BadRequest):
    """Readable, but a rule is broken. 400 and not 422: OpenAI's clients map 400 to ``BadRequestError``."""

    code = "invalid_request"
    title = "The request breaks a rule of chat completions"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked request."""

    model: str
    stream: bool
    wants_usage: bool
    """The caller set ``stream_options.include_usage``: the usage chunk is theirs to see."""
    body: dict[str, object]
    """What goes upstream, without Agora's fields."""
    prompt_bytes: int
    """UTF-8 bytes of the messages as JSON; the base of an estimate where the provider reports no usage."""

    def upstream_json(self, *, ask_usage: bool) -> bytes:
        """The upstream's body. ``ask_usage``: also ask a stream for its usage, which providers keep back otherwise."""
        body = self.body
        if self.stream and ask_usage and not self.wants_usage:
            options = body.get("stream_options")
            body = {**body, "stream_options": {**(options if isinstance(options, dict) else {}), "include_usage": True}}
        # ASCII escapes: a lone surrogate in the prompt has no UTF-8 form, but it has a JSON one.
        return json.dumps(body, separators=(",", ":")).encode()


def parse(raw: bytes) -> ChatRequest:
    """Check a body. Raises ``PayloadTooLarge``, ``MalformedJson`` or ``InvalidChatRequest`` (with its pointer)."""
    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"The body is over {MAX_BODY_BYTES} bytes.")
    body = _object(raw)
    stream = body.get("stream")
    if not isinstance(stream, bool | None):
        _refuse("/stream", "must be true or false")
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        _refuse("/stream_options", "must be an object")
    messages = _messages(body.get("messages"))
    kept = {name: value for name, value in body.items() if name not in _AGORA_BODY}
    kept["messages"] = messages
    return ChatRequest(
        model=_model(body.get("model")),
        stream=stream is True,
        wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
        body=kept,
        prompt_bytes=len(json.dumps(messages, separators=(",", ":"))),
    )


def _object(raw: bytes) -> dict[str, object]:
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error
    if not isinstance(body, dict):
        raise InvalidChatRequest("The body must be a JSON object.")
    return body


def _no_constant(name: str) -> NoReturn:
    """``NaN`` and ``Infinity`` are Python's, not JSON's (RFC 8259 §6)."""
    message = f"{name} is not JSON"
    raise ValueError(message)


def _model(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_MODEL_NAME:
        _refuse("/model", f"must be a text of 1 to {MAX_MODEL_NAME} characters")
    if value != encodable(value):  # half an emoji: no provider has such a model, and no record could hold its name
        _refuse("/model", "must be whole characters")
    return value


def _messages(value: object) -> Sequence[dict[str, object]]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_MESSAGES:
        _refuse("/messages", f"must be a list of 1 to {MAX_MESSAGES} messages")
    return [_message(index, message) for index, message in enumerate(value)]


def _message(index: int, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        _refuse(f"/messages/{index}", "must be an object")
    role = value.get("role")
    if not isinstance(role, str) or not role:
        _refuse(f"/messages/{index}/role", "must be a text")
    if not isinstance(value.get("content"), str | list | None):
        _refuse(f"/messages/{index}/content", "must be a text, a list of parts or null")
    return {name: item for name, item in value.items() if name not in _AGORA_MESSAGE}


def _refuse(pointer: str, rule: str) -> NoReturn:
    raise InvalidChatRequest(f"{pointer[1:]} {rule}.", fields=[FieldError(pointer, rule)])
