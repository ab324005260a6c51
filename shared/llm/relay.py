"""A provider's stream, made into one that every OpenAI client can read to its end.

Promises, whatever the provider sends after its 200:
* every chunk goes out with the bytes that completed it, unchanged;
* the stream ends in ``data: [DONE]`` exactly once: a missing one is added, a second one dropped;
* a stream that stops before it has finished ends in an error chunk: never in silence that looks like an end;
* an error in any dialect becomes OpenAI's error chunk, which OpenAI's clients raise;
* comments, pings and single unreadable lines are dropped; nothing of our own goes out before the first
  chunk (Agora's engine reads its ``chat.completion.custom_metadata`` there only).

No I/O and no clock here: bytes in, bytes out.
"""

import json
from collections.abc import Iterable

from shared.core.errors import Problem
from shared.llm import openai_error, refusals, usage
from shared.llm.openai_error import OpenAIError
from shared.llm.sse import EventTooLargeError, SseDecoder, SseEvent
from shared.llm.usage import Usage

DONE = b"data: [DONE]\n\n"

_CUT = OpenAIError("The model provider's stream stopped before it was complete.", "server_error", "upstream_cut")
_TOO_LARGE = OpenAIError("The model provider sent a chunk that is too large.", "server_error", "upstream_broken")


class Relay:
    """State of one stream. ``feed`` until ``done``, then or at the stream's end ``finish`` (or ``fail``)."""

    def __init__(self, *, show_usage: bool) -> None:
        """``show_usage``: the caller asked for the usage chunk; where only we did, it stops here."""
        self.done = False
        self.started = False
        """A chunk has been given out: the answer can no longer become an HTTP error."""
        self.has_content = False
        """Generated content has been given out (a role alone is none): the end of time to first token."""
        self.error: OpenAIError | None = None
        self.model: str | None = None
        self.bad_lines = 0
        self.completion_bytes = 0
        self.usage: Usage | None = None
        self._show_usage = show_usage
        self._decoder = SseDecoder()
        self._open: set[int] = set()
        self._finished: set[int] = set()

    def feed(self, piece: bytes) -> bytes:
        """What goes to the caller for these bytes of the provider; may be nothing."""
        try:
            return self._pass_on(self._decoder.feed(piece))
        except EventTooLargeError:
            return self._end_in(_TOO_LARGE)

    def finish(self) -> bytes:
        """The provider's stream has ended: the rest, the error chunk if it was cut, and ``[DONE]`` if still due."""
        out = self._pass_on(self._decoder.end())
        if self.done:
            return out
        return out + (self._end() if self._complete() else self._end_in(_CUT))

    def fail(self, problem: Problem) -> bytes:
        """The provider's stream broke: the error chunk and ``[DONE]``, unless the caller already has everything."""
        if self.done:
            return b""
        return self._end() if self._complete() else self._end_in(refusals.described(problem))

    def _complete(self) -> bool:
        return bool(self._finished) and not self._open - self._finished

    def _pass_on(self, events: Iterable[SseEvent]) -> bytes:
        out = b""
        for event in events:
            if self.done:
                break
            out += self._event(event)
        return out

    def _event(self, event: SseEvent) -> bytes:
        if event.data.strip() == b"[DONE]":
            return self._end()
        if event.name == "ping":
            return b""
        try:
            chunk = json.loads(event.data)
        except (ValueError, RecursionError):
            chunk = None
        if event.name == "error" and not isinstance(chunk, dict):
            chunk = {"error": event.data.decode(errors="replace")}
        if not isinstance(chunk, dict):
            self.bad_lines += 1
            return b""
        if chunk.get("error") or chunk.get("object") == "error" or event.name == "error":
            error = openai_error.read(chunk) or OpenAIError("", "upstream_error", None)
            return self._end_in(error)
        if chunk.get("type") == "ping" or not self._take(chunk):
            return b""
        self.started = True
        return b"".join(b"data: " + line + b"\n" for line in event.data.split(b"\n")) + b"\n"

    def _take(self, chunk: dict[str, object]) -> bool:
        """Note what a chunk says; whether the caller is to see it."""
        if isinstance(model := chunk.get("model"), str) and model:
            self.model = model
        # Some providers send running totals in every chunk: the last replaces, never adds.
        if (latest := usage.reported(chunk.get("usage"))) is not None:
            self.usage = latest
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            self._choice(choice)
        only_usage = choices == [] and isinstance(chunk.get("usage"), dict)
        return self._show_usage or not only_usage

    def _choice(self, choice: object) -> None:
        if not isinstance(choice, dict):
            return
        index = choice.get("index")
        number = index if isinstance(index, int) else 0
        self._open.add(number)
        if choice.get("finish_reason"):
            self._finished.add(number)
        delta = choice.get("delta")
        size = sum(_size(value) for name, value in delta.items() if name != "role") if isinstance(delta, dict) else 0
        self.completion_bytes += size
        self.has_content = self.has_content or size > 0

    def _end(self) -> bytes:
        self.done = True
        return DONE

    def _end_in(self, error: OpenAIError) -> bytes:
        self.done = True
        self.error = error
        return b"data: " + error.body() + b"\n\n" + DONE


def _size(value: object) -> int:
    """Bytes of generated content in a delta's field: text as UTF-8, a tool call as its JSON."""
    if isinstance(value, str):
        return len(value.encode(errors="surrogatepass"))
    return len(json.dumps(value)) if value else 0
