"""What a caller may ask, and what of it goes upstream."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import MalformedJson, PayloadTooLarge, Problem
from shared.llm.chat_request import MAX_BODY_BYTES, InvalidChatRequest, parse

HELLO = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def raw(**changes: Any) -> bytes:
    return json.dumps({**HELLO, **changes}).encode()


def test_unknown_parameters_pass_on() -> None:
    request = parse(raw(reasoning_effort="high", tomorrow={"a": [1, None]}, metadata={"user": "7"}))

    assert json.loads(request.upstream_json(ask_usage=True)) == {
        **HELLO,
        "reasoning_effort": "high",
        "tomorrow": {"a": [1, None]},
        "metadata": {"user": "7"},
    }


def test_agoras_fields_stop_here() -> None:
    message = {"role": "user", "content": "hi", "name": "x", "turn_id": 0, "timestamp": 1, "metadata": {"vpids": []}}
    request = parse(raw(messages=[message], context={"presence": {}}))

    assert request.body == {"model": "m", "messages": [{"role": "user", "content": "hi", "name": "x"}]}


def test_a_stream_is_asked_for_its_usage_and_the_caller_is_remembered() -> None:
    silent = parse(raw(stream=True, stream_options={"x": 1}))
    asking = parse(raw(stream=True, stream_options={"include_usage": True}))

    assert json.loads(silent.upstream_json(ask_usage=True))["stream_options"] == {"x": 1, "include_usage": True}
    assert json.loads(silent.upstream_json(ask_usage=False))["stream_options"] == {"x": 1}
    assert (silent.wants_usage, asking.wants_usage) == (False, True)
    assert "stream_options" not in json.loads(parse(raw()).upstream_json(ask_usage=True))


def test_every_message_form_of_openai_is_read() -> None:
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "a"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function"}]},
        {"role": "tool", "tool_call_id": "1", "content": "2"},
        {"role": "assistant"},
    ]

    assert parse(raw(messages=messages)).body["messages"] == messages


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (raw(model=None), "/model"),
        (raw(model=""), "/model"),
        (raw(model="m" * 257), "/model"),
        (raw(model="m\ud800"), "/model"),
        (raw(messages=None), "/messages"),
        (raw(messages=[]), "/messages"),
        (raw(messages=[{"role": "user"}] * 2_049), "/messages"),
        (raw(messages=["hi"]), "/messages/0"),
        (raw(messages=[{"content": "hi"}]), "/messages/0/role"),
        (raw(messages=[{"role": "user", "content": 7}]), "/messages/0/content"),
        (raw(stream="yes"), "/stream"),
        (raw(stream=1), "/stream"),
        (raw(stream_options=[]), "/stream_options"),
    ],
)
def test_a_broken_rule_names_its_place(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidChatRequest) as refused:
        parse(body)

    assert (refused.value.status, [field.pointer for field in refused.value.fields]) == (400, [pointer])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"model": NaN}', b'{"model": Infinity}', b"[" * 200_000, b'{"n": ' + b"9" * 10_000 + b"}"],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse(body)


def test_the_size_limit_is_on_bytes() -> None:
    with pytest.raises(PayloadTooLarge):
        parse(b" " * (MAX_BODY_BYTES + 1))


@given(
    st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(
        lambda v: json.dumps(v).encode()
    )
)
def test_no_body_is_ever_our_mistake(body: bytes) -> None:
    try:
        parse(body)
    except Problem as problem:
        assert problem.status == 400  # noqa: PT017 - anything else would be an error of ours


def test_a_lone_surrogate_reaches_the_upstream_as_it_came() -> None:
    request = parse(rb'{"model": "m", "messages": [{"role": "user", "content": "\ud800"}]}')

    assert rb'"\ud800"' in request.upstream_json(ask_usage=False)
