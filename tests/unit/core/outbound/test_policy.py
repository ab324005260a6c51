"""Policies refuse what cannot work; waits stay within their bounds."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.core.outbound.message import Headers, Request, Response
from shared.core.outbound.policy import LONGEST_S, Policy, retry_after

NOW = 1_795_161_600_000


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({"connect_s": 0}, "connect_s must be positive"),
        ({"read_s": -1}, "read_s must be positive"),
        ({"first_byte_s": 0}, "first_byte_s must be positive"),
        ({"total_s": 0}, "total_s must be positive"),
        ({"attempts": 0}, "attempts must be positive"),
        ({"backoff_base_s": 0}, "backoff_base_s must be positive"),
        ({"read_limit": 0}, "read_limit must be positive"),
        ({"backoff_base_s": 2, "backoff_cap_s": 1}, "backoff_cap_s must not be below backoff_base_s"),
        ({"connect_s": 20}, "connect_s must fit into total_s"),
        ({"retry_after_cap_s": -1}, "retry_after_cap_s must not be negative"),
        ({"retry_statuses": frozenset({200})}, "retry_statuses are client or server errors"),
    ],
    ids=str,
)
def test_a_policy_that_cannot_work_is_refused(knobs: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Policy(**knobs)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_jittered_over_the_whole_of_a_growing_and_bounded_range(attempt: int, chance: float) -> None:
    policy = Policy(attempts=10_001, backoff_base_s=0.2, backoff_cap_s=5)

    assert policy.backoff(attempt, chance) == chance * min(5, 0.2 * 2 ** min(attempt - 1, 50))


DATES = st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} Oct \d{1,25} \d\d:\d\d:\d\d( [A-Z]{1,4}| [+-]\d{4,9})?", fullmatch=True)


@given(st.text() | st.from_regex(r"\d{1,5000}", fullmatch=True) | DATES)
@example("9" * 400)
@example("9" * 5000)
@example("Wed, 21 Oct 99999999999999999999 07:28:00 GMT")
@example("Wed, 21 Oct 2026 07:28:00 +99999999999999999999")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_no_retry_after_header_breaks_us(value: str) -> None:
    asked = retry_after(value, NOW)

    assert asked is None or 0 <= asked <= LONGEST_S


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 5 ", 5.0),
        ("Fri, 20 Nov 2026 08:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 08:01:00 -0000", 60.0),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_repeated_headers_are_joined_and_names_have_no_case() -> None:
    headers = Headers([("Vary", "a"), ("X", "1"), ("vary", "b")])

    assert dict(headers) == {"vary": "a, b", "x": "1"}
    assert (headers["VARY"], "Vary" in headers, len(headers)) == ("a, b", True, 2)


def test_neither_request_nor_response_shows_its_secrets() -> None:
    request = Request("POST", "https://a.example/s3cret", {"Authorization": "s3cret"}, b"s3cret")
    response = Response(200, Headers([("Set-Cookie", "s3cret")]), b"s3cret")

    assert "s3cret" not in repr(request) + repr(response)
