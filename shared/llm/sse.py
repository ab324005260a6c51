"""Server-sent events, read from bytes that arrive in any pieces.

WHATWG HTML §9.2.6 (https://html.spec.whatwg.org/multipage/server-sent-events.html), with one leniency: an
event that the stream's end cuts off before its blank line is still given out, because some servers forget
the blank line after ``[DONE]``. Works on bytes and leaves decoding to whoever holds a whole line, so a
character split between two reads is never seen in halves.
"""

from dataclasses import dataclass

MAX_EVENT_BYTES = 4 * 1024 * 1024
"""Largest event held in memory. A provider's largest chunk (a whole base64 image or audio part) is below this."""

_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """The stream holds an event, or a line without an end, over ``MAX_EVENT_BYTES``."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: its name (``""`` where none was given) and its data lines joined by line feeds."""

    name: str
    data: bytes


class SseDecoder:
    """Feed it bytes as they come; it gives out each event with the piece that completes it."""

    def __init__(self) -> None:
        self._tail: list[bytes] = []
        """Pieces of a line that has not ended; joined once, when it does."""
        self._tail_size = 0
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0
        self._at_start = True
        self._after_cr = False

    def feed(self, piece: bytes) -> list[SseEvent]:
        """The events completed by these bytes. Raises :class:`EventTooLargeError`."""
        if self._after_cr and piece:
            # The line ended at its CR, at once; a LF that follows in a later piece belongs to it.
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        if self._at_start:
            piece = self._take_tail() + piece
            if len(piece) < len(_BOM) and _BOM.startswith(piece):
                self._keep(piece)
                return []
            piece = piece.removeprefix(_BOM)
            self._at_start = False
        if not piece:
            return []
        self._after_cr = piece.endswith(b"\r")
        lines = piece.splitlines(keepends=True)
        rest = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        if lines:
            lines[0] = self._take_tail() + lines[0]
        self._keep(rest)
        events = [event for line in lines if (event := self._line(line.rstrip(b"\r\n"))) is not None]
        if self._tail_size + self._size > MAX_EVENT_BYTES:
            raise EventTooLargeError
        return events

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._tail.append(piece)
            self._tail_size += len(piece)

    def _take_tail(self) -> bytes:
        tail = b"".join(self._tail)
        self._tail, self._tail_size = [], 0
        return tail

    def end(self) -> list[SseEvent]:
        """What the end of the stream leaves unfinished, as an event of its own."""
        last = [self._line(self._take_tail()), self._line(b"")]
        return [event for event in last if event is not None]

    def _line(self, line: bytes) -> SseEvent | None:
        if not line:
            return self._dispatch()
        if line.startswith(b":"):
            return None
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._size += len(value)
            if self._size > MAX_EVENT_BYTES:
                raise EventTooLargeError
        elif field == b"event":
            self._name = value.decode(errors="replace")
        return None

    def _dispatch(self) -> SseEvent | None:
        event = SseEvent(self._name, b"\n".join(self._data)) if self._data else None
        self._name, self._data, self._size = "", [], 0
        return event
