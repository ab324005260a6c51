"""When the client sends again, how long it waits, and what its errors tell."""

import traceback
from collections.abc import Callable

import pytest

from shared.adapters.http.client import HttpClient
from shared.core.errors import Problem
from shared.core.outbound.errors import ConnectFailed, ConnectionLost, TimedOut
from shared.core.outbound.message import Request
from shared.core.outbound.policy import Policy
from tests.fakes.http_peer import Peer, Received, Step, always, answer
from tests.unit.adapters.http.conftest import ClientMaker

NOW = 1_795_161_600_000  # 2026-11-20T08:00:00Z


class Waits:
    """Sleeps that are only written down, on a clock that they move."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Instead of sleeping."""
        self.slept.append(seconds)

    def monotonic(self) -> float:
        """Moves by what was slept."""
        return 1000 + sum(self.slept)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client_of(waits: Waits, make_client: ClientMaker) -> Callable[[Peer], HttpClient]:
    return lambda peer: make_client(
        allow=peer.allow,
        monotonic=waits.monotonic,
        sleep=waits.sleep,
        clock=lambda: NOW,
        chance=lambda: 0.5,
    )


def script(*answers: list[Step]) -> Callable[[Received], list[Step]]:
    """One answer per request, the last one forever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


BUSY = answer(status="503 Unavailable")
PATIENT = Policy(attempts=4, total_s=60, backoff_base_s=1, backoff_cap_s=3)


def test_a_transient_status_is_tried_again_with_growing_jittered_waits(
    client_of: Callable[[Peer], HttpClient], waits: Waits
) -> None:
    with Peer(script(BUSY, BUSY, BUSY, answer(b"at last"))) as peer:
        response = client_of(peer).send(Request("GET", peer.url()), PATIENT)

    assert (response.body, response.attempts, response.elapsed_ms) == (b"at last", 4, 3000)
    assert waits.slept == [0.5, 1.0, 1.5]


def test_the_last_answer_is_returned_when_attempts_run_out(
    client_of: Callable[[Peer], HttpClient],
) -> None:
    with Peer(always(*BUSY)) as peer:
        response = client_of(peer).send(Request("GET", peer.url()), PATIENT)

        assert (response.status, response.attempts, len(peer.requests)) == (503, 4, 4)


@pytest.mark.parametrize(
    ("asked", "slept"),
    [
        ("7", [7.0]),
        ("0", [0.5]),
        ("Fri, 20 Nov 2026 08:00:09 GMT", [9.0]),
        ("Fri, 20 Nov 2026 07:00:00 GMT", [0.5]),
        ("soon", [0.5]),
        ("31", []),
        ("99999999999999999999999", []),
        ("Fri, 20 Nov 2026 09:00:00 GMT", []),
    ],
)
def test_retry_after_is_honoured_within_bounds(
    client_of: Callable[[Peer], HttpClient], waits: Waits, asked: str, slept: list[float]
) -> None:
    limited = answer(status="429 Too Many", Retry_After=asked)
    with Peer(script(limited, answer())) as peer:
        response = client_of(peer).send(Request("GET", peer.url()), PATIENT)

    assert (response.status, waits.slept) == (200 if slept else 429, slept)


def test_no_wait_outlives_the_total(client_of: Callable[[Peer], HttpClient], waits: Waits) -> None:
    with Peer(always(*answer(status="429 Too Many", Retry_After="4"))) as peer:
        response = client_of(peer).send(Request("GET", peer.url()), Policy(attempts=9, total_s=10))

    assert (response.status, response.attempts, waits.slept) == (429, 3, [4.0, 4.0])


POST = Request("POST", "", body=b"x")


@pytest.mark.parametrize(
    ("first", "idempotent", "sent"),
    [
        (answer(status="429 Too Many"), None, 2),
        (answer(status="503 Unavailable", Retry_After="1"), None, 2),
        (answer(status="503 Unavailable"), None, 1),
        (answer(status="502 Bad"), None, 1),
        (answer(status="502 Bad"), True, 2),
        (answer(status="500 Broken"), True, 1),
        (answer(status="404 Not Found"), True, 1),
    ],
)
def test_a_post_is_repeated_only_where_that_is_harmless(
    client_of: Callable[[Peer], HttpClient],
    first: list[Step],
    idempotent: bool | None,  # noqa: FBT001 - a column of the table
    sent: int,
) -> None:
    with Peer(script(first, answer())) as peer:
        request = Request("POST", peer.url(), body=b"x", idempotent=idempotent)
        client_of(peer).send(request, PATIENT)

        assert [r.body for r in peer.requests] == [b"x"] * sent


@pytest.mark.parametrize(("method", "sent"), [("GET", 2), ("PUT", 2), ("POST", 1), ("PATCH", 1)])
def test_a_lost_connection_is_repeated_only_for_idempotent_methods(
    client_of: Callable[[Peer], HttpClient], method: str, sent: int
) -> None:
    with Peer(script([None], answer())) as peer:
        outcome: object
        try:
            outcome = client_of(peer).send(Request(method, peer.url()), PATIENT).status
        except ConnectionLost:
            outcome = ConnectionLost

        assert (outcome, len(peer.requests)) == (200 if sent > 1 else ConnectionLost, sent)


def test_what_was_never_sent_is_repeated_for_any_method(waits: Waits) -> None:
    asked: list[str] = []

    def dead(host: str, _port: int) -> list[str]:
        asked.append(host)
        raise OSError

    client = HttpClient(resolve=dead, sleep=waits.sleep, monotonic=waits.monotonic)
    with pytest.raises(ConnectFailed):
        client.send(Request("POST", "https://hooks.example/", body=b"x"), PATIENT)

    assert (len(asked), len(waits.slept)) == (4, 3)


def quiet(error: Problem) -> str:
    """Everything that a log or an answer could take from an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


@pytest.mark.parametrize("steps", [[None], [1.0], [b"nonsense\r\n\r\n"]], ids=["lost", "slow", "unreadable"])
def test_no_error_tells_a_path_a_query_or_a_header(steps: list[Step]) -> None:
    with Peer(always(*steps)) as peer:
        request = Request("POST", peer.url("/p4th?q=t0ken"), {"Authorization": "Bearer s3cret"}, b"b0dy")
        with pytest.raises(Problem) as told:
            HttpClient(allow=peer.allow).send(request, Policy(read_s=0.2))

    for secret in ("p4th", "t0ken", "s3cret", "b0dy"):
        assert secret not in quiet(told.value)
        assert secret not in repr(request)


def test_a_timeout_says_what_was_waited_for_and_maps_to_504() -> None:
    error = TimedOut("first byte")

    assert (error.status, error.code, error.retryable) == (504, "upstream_timeout", True)
    assert error.detail == "Another service did not answer in time (first byte)"
