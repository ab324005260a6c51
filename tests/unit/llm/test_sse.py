"""Server-sent events are read the same however the network cuts them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.llm.sse import MAX_EVENT_BYTES, EventTooLargeError, SseDecoder, SseEvent


def read(*pieces: bytes) -> list[SseEvent]:
    decoder = SseDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


LINES = st.lists(
    st.sampled_from(
        ["data: {}", "data:é漢😀", "data", "data:  two", ": ping", "event: error", "id: 7", "", "", "junk", "\ufeff"]
    )
)


@given(LINES, st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1), st.booleans(), st.data())
def test_any_chunking_of_the_same_bytes_gives_the_same_events(
    lines: list[str],
    ends: list[str],
    bom: bool,  # noqa: FBT001 - hypothesis passes by position
    data: st.DataObject,
) -> None:
    text = "".join(line + ends[index % len(ends)] for index, line in enumerate(lines))
    stream = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert read(*pieces) == read(stream) == read(*(bytes([byte]) for byte in stream))


def test_fields_comments_and_line_ends_follow_the_standard() -> None:
    stream = b"\xef\xbb\xbf: hi\r\nevent: error\rdata:  one\ndata: two\r\n\r\nretry: 5\nid\ndata\n\nevent: lost\n\n"

    assert read(stream) == [SseEvent("error", b" one\ntwo"), SseEvent("", b"")]


def test_an_event_is_given_out_with_the_byte_that_completes_it() -> None:
    decoder = SseDecoder()

    assert decoder.feed(b"data: a\r\n\r") == [SseEvent("", b"a")]
    assert decoder.feed(b"\ndata: b\r\n\r\n") == [SseEvent("", b"b")]


def test_the_end_of_the_stream_completes_a_last_event() -> None:
    assert read(b"data: [DONE]") == [SseEvent("", b"[DONE]")]


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 65_536, b"data: " + b"x" * 65_536 + b"\n"])
def test_an_event_without_an_end_is_refused_before_it_fills_memory(piece: bytes) -> None:
    pieces = [piece] * (MAX_EVENT_BYTES // 65_536 + 1)

    with pytest.raises(EventTooLargeError):
        read(*pieces)


def test_a_long_line_in_small_pieces_is_copied_once() -> None:
    """Given a line of 2 MiB in pieces of 32 bytes, when read, then within what copying it once takes, not 65 536 times.

    Copying what was there for each piece would move 64 GiB.
    """
    piece, count = b"x" * 32, 65_536
    decoder = SseDecoder()
    began = time.process_time()

    events = [e for part in [b"data:", *[piece] * count, b"\n\n"] for e in decoder.feed(part)]

    assert events == [SseEvent("", piece * count)]
    assert time.process_time() - began < 2
