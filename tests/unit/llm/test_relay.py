"""Whatever a provider sends after its 200, the caller's stream says the truth and ends in one [DONE]."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import UpstreamTimeout
from shared.llm.relay import DONE, Relay
from shared.llm.sse import MAX_EVENT_BYTES
from shared.llm.usage import Usage


def frame(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


ROLE = frame({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
HELLO, END = frame(chunk("Hé😀")), frame(chunk(finish="stop"))
TOTALS = frame({"id": "c1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})


def run(*pieces: bytes, show_usage: bool = False) -> tuple[bytes, Relay]:
    relay = Relay(show_usage=show_usage)
    out = b"".join(relay.feed(piece) for piece in pieces)
    return out + relay.finish(), relay


def error_in(out: bytes) -> dict[str, Any]:
    """The error chunk, which must be the last before [DONE]."""
    assert out.endswith(DONE)
    last = out.removesuffix(DONE).rstrip(b"\n").rpartition(b"\n\n")[2]
    error: dict[str, Any] = json.loads(last.removeprefix(b"data: "))["error"]
    return error


def test_a_whole_stream_passes_unchanged() -> None:
    out, relay = run(ROLE, HELLO, END, DONE)

    assert out == ROLE + HELLO + END + DONE
    assert (relay.error, relay.model, relay.completion_bytes, relay.bad_lines) == (None, "m", 7, 0)


def test_each_chunk_leaves_with_the_bytes_that_complete_it() -> None:
    relay = Relay(show_usage=False)

    assert relay.feed(ROLE + HELLO[:-1]) == ROLE
    assert not relay.has_content
    assert relay.feed(HELLO[-1:]) == HELLO
    assert relay.has_content


NOISE = [
    b": OPENROUTER PROCESSING\n\n",
    b'event: ping\ndata: {"x":1}\n\n',
    b'data: {"type": "ping"}\n\n',
    b"data: {oops\n\n",
    b"data: 7\n\n",
]


@given(st.lists(st.sampled_from(NOISE)), st.booleans(), st.data())
def test_noise_and_chunking_change_nothing(noise: list[bytes], crlf: bool, data: st.DataObject) -> None:  # noqa: FBT001 - by position
    frames = [ROLE, HELLO, END, DONE]
    for extra in noise:
        frames.insert(data.draw(st.integers(0, 3)), extra)
    stream = b"".join(frames)
    stream = stream.replace(b"\n", b"\r\n") if crlf else stream
    cut = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    out, relay = run(*(stream[a:b] for a, b in zip([0, *cut], [*cut, len(stream)], strict=True)))

    assert out == ROLE + HELLO + END + DONE
    assert relay.bad_lines == sum(extra in NOISE[3:] for extra in noise)


def test_a_missing_done_is_added_and_a_second_dropped() -> None:
    assert run(ROLE, HELLO, END)[0] == ROLE + HELLO + END + DONE
    assert run(ROLE, HELLO, END, DONE, DONE)[0] == ROLE + HELLO + END + DONE
    assert run(ROLE, HELLO, END + b"data: [DONE]")[0] == ROLE + HELLO + END + DONE


@given(st.integers(0, len(ROLE + HELLO) - 1))
def test_a_cut_anywhere_before_the_finish_ends_in_an_error_chunk(at: int) -> None:
    out, relay = run((ROLE + HELLO)[:at])

    assert error_in(out)["code"] == "upstream_cut"
    assert out.count(DONE) == 1
    assert relay.error is not None


def test_a_cut_between_two_choices_is_an_error() -> None:
    second = {"choices": [{"index": 1, "delta": {"content": "b"}, "finish_reason": None}]}

    assert error_in(run(HELLO, frame(second), END)[0])["code"] == "upstream_cut"


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b'data: {"error": {"message": "boom", "type": "server_error", "code": "x"}}\n\n', "boom"),
        (
            b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "boom"}}\n\n',
            "boom",
        ),
        (b'data: {"error": "boom"}\n\n', "boom"),
        (b'data: {"object": "error", "message": "boom", "code": 400}\n\n', "boom"),
        (b"event: error\ndata: boom\n\n", "boom"),
        (b'event: error\ndata: {"detail": "boom"}\n\n', "boom"),
    ],
)
def test_an_error_in_any_dialect_becomes_openais_and_ends_the_stream(sent: bytes, message: str) -> None:
    out, relay = run(ROLE, HELLO, sent, HELLO, END, DONE)

    assert out.startswith(ROLE + HELLO)
    assert error_in(out)["message"] == message
    assert HELLO not in out.removeprefix(ROLE + HELLO)
    assert relay.error is not None


def test_a_broken_connection_is_an_error_unless_everything_had_arrived() -> None:
    early, late = Relay(show_usage=False), Relay(show_usage=False)
    early.feed(ROLE)
    late.feed(HELLO + END)

    assert error_in(early.fail(UpstreamTimeout("no bytes for 30 s")))["code"] == "upstream_timeout"
    assert late.fail(UpstreamTimeout()) == DONE
    assert late.fail(UpstreamTimeout()) == b""


def test_usage_is_kept_and_shown_only_to_who_asked() -> None:
    hidden, kept = run(ROLE, HELLO, END, TOTALS, DONE)
    shown, _ = run(ROLE, HELLO, END, TOTALS, DONE, show_usage=True)

    assert hidden == ROLE + HELLO + END + DONE
    assert shown == ROLE + HELLO + END + TOTALS + DONE
    assert kept.usage == Usage("provider", 3, 2)


def test_running_totals_replace_one_another_and_zeros_report_nothing() -> None:
    _, totals = run(*(frame(chunk("x", usage={"prompt_tokens": 3, "completion_tokens": n})) for n in (1, 2)), END)
    _, zeros = run(frame(chunk("x", usage={"prompt_tokens": 0, "completion_tokens": 0})), END)

    assert totals.usage == Usage("provider", 3, 2)
    assert zeros.usage is None


def test_agoras_metadata_chunk_is_the_first_thing_sent() -> None:
    custom = frame({"object": "chat.completion.custom_metadata", "choices": [], "metadata": {"interruptable": True}})

    assert run(b": keep-alive\n\n", custom, HELLO, END, DONE)[0] == custom + HELLO + END + DONE


def test_tool_calls_and_reasoning_count_as_content() -> None:
    tool = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}}]}
    relay = Relay(show_usage=False)
    relay.feed(ROLE)

    assert not relay.has_content
    relay.feed(frame(tool))
    assert relay.has_content


def test_odd_shapes_pass_without_harm() -> None:
    odd = [
        {"choices": None},
        {"choices": [7]},
        {"choices": [{"index": "x", "delta": 3}]},
        {"choices": [{"delta": {"content": "\ud800"}}]},
    ]
    frames = [b"data: " + json.dumps(value).encode() + b"\n\n" for value in odd]
    out, _ = run(*frames, END, DONE)

    assert out == b"".join(frames) + END + DONE


def test_data_over_several_lines_stays_one_event() -> None:
    stream = b'data: {"choices": [],\ndata:  "x": 1}\n\n'

    assert run(stream, END, DONE)[0] == stream + END + DONE


def test_a_chunk_without_an_end_is_an_error_before_it_fills_memory() -> None:
    relay = Relay(show_usage=False)
    out = b"".join(relay.feed(piece) for piece in [ROLE, b"data: ", *[b"x" * 65_536] * (MAX_EVENT_BYTES // 65_536)])

    assert out.startswith(ROLE)
    assert error_in(out)["code"] == "upstream_broken"
