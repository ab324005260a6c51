"""What HubSpot's error answers mean."""

import pytest

from shared.adapters.hubspot.refusals import source_error
from shared.core.clock import HOUR, SECOND
from shared.core.outbound.message import Headers, Response
from shared.crm.source import SourceBusy, SourceDown, SourceError, SourceRefused

NOW = 1_795_161_600_000
"""2026-11-20T08:00:00Z."""


@pytest.mark.parametrize(
    ("status", "kind", "problem"),
    [
        (401, SourceRefused, "unauthorized"),
        (403, SourceRefused, "forbidden"),
        (400, SourceRefused, "rejected"),
        (404, SourceRefused, "rejected"),
        (301, SourceRefused, "rejected"),
        (429, SourceBusy, "rate_limited"),
        (408, SourceDown, "provider_unavailable"),
        (423, SourceDown, "provider_unavailable"),
        (477, SourceDown, "provider_unavailable"),
        (500, SourceDown, "provider_unavailable"),
        (502, SourceDown, "provider_unavailable"),
        (521, SourceDown, "provider_unavailable"),
    ],
)
def test_a_status_has_one_meaning(status: int, kind: type[SourceError], problem: str) -> None:
    """Given a status, when read, then whether to ask again and what to tell the owner."""
    error = source_error(Response(status, Headers(), b""), NOW)

    assert (type(error), error.problem.value) == (kind, problem)


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"Retry-After": "7"}, b"", 7 * SECOND),
        ({"Retry-After": "Fri, 20 Nov 2026 08:01:00 GMT"}, b"", 60 * SECOND),
        ({"Retry-After": "soon"}, b"", 10 * SECOND),
        ({}, b'{"policyName":"DAILY"}', HOUR),
        ({"Retry-After": "3"}, b'{"policyName":"DAILY"}', 3 * SECOND),
        ({"X-HubSpot-RateLimit-Interval-Milliseconds": "1500"}, b'{"policyName":"SECONDLY"}', 1500),
        ({"X-HubSpot-RateLimit-Interval-Milliseconds": "9" * 5000}, b"", 10 * SECOND),
        ({"X-HubSpot-RateLimit-Interval-Milliseconds": "-1"}, b"[]", 10 * SECOND),
        ({}, b"<html>Too many requests</html>", 10 * SECOND),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(headers: dict[str, str], body: bytes, wait: int) -> None:
    """Given a 429, when read, then Retry-After, else the limit's own window, else ten seconds."""
    assert source_error(Response(429, Headers(headers.items()), body), NOW).wait == wait


@pytest.mark.parametrize("asked", ["9" * 400, "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"])
def test_an_absurd_retry_after_breaks_nothing(asked: str) -> None:
    """Given a Retry-After beyond any clock, when read, then a wait that is a number, or none."""
    wait = source_error(Response(503, Headers([("retry-after", asked)]), b""), NOW).wait

    assert wait is None or 0 < wait <= 366 * 24 * HOUR


def test_a_server_that_is_down_may_say_when_it_is_back() -> None:
    """Given 503 with and without Retry-After, when read, then what it says or nothing."""
    told = source_error(Response(503, Headers([("retry-after", "30")]), b""), NOW)
    silent = source_error(Response(503, Headers(), b""), NOW)

    assert (told.wait, silent.wait) == (30 * SECOND, None)
