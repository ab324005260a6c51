"""A provider that refuses, throttles or breaks: what the connection says, and when the pull goes on."""

import pytest

from shared.adapters.dynamodb.breaker import DynamoCircuits
from shared.core.breaker import Circuit, State
from shared.core.clock import MINUTE, SECOND, system
from shared.runtime.bootstrap import Founded
from tests.fakes import hubspot
from tests.fakes.hubspot import Fault
from tests.integration.crm.conftest import Crm, Later


@pytest.fixture(autouse=True)
def three_pages(account: hubspot.HubSpot) -> None:
    """Trouble needs no ten pages."""
    del account.contacts[60:]


def test_a_token_hubspot_does_not_know_shows_as_unauthorized(crm: Crm) -> None:
    """Given a wrong token, when connected, then one request, status unauthorized, and nothing more is tried."""
    connection_id = crm.connect("pat-na1-this-token-is-not-known")
    crm.work()

    connection = crm.connection(connection_id)
    assert (connection["status"], connection["sync"]["problem"]) == ("unauthorized", "unauthorized")
    assert connection["sync"]["ended_at"] is not None
    assert connection["sync"]["completed_at"] is None
    assert [asked.status for asked in crm.account.journal] == [401]


def test_a_token_revoked_on_the_way_can_be_followed_by_a_new_pull(crm: Crm) -> None:
    """Given a token revoked after page one, when it is valid again and a pull is asked for, then all is pulled."""
    connection_id = crm.connect()
    crm.work(most=1)
    crm.account.tokens.clear()
    crm.work()
    refused = crm.connection(connection_id)["status"]
    crm.account.tokens.add(hubspot.TOKEN)
    crm.call("POST", f"/v1/connections/{connection_id}/sync")
    crm.work()

    assert refused == "unauthorized"
    assert crm.connection(connection_id)["status"] == "active"
    assert len(crm.contacts()) == 60


@pytest.mark.parametrize(
    ("status", "connection_status", "problem"),
    [(403, "forbidden", "forbidden"), (400, "failed", "rejected"), (302, "failed", "rejected")],
)
def test_a_refusal_ends_the_pull_and_says_why(crm: Crm, status: int, connection_status: str, problem: str) -> None:
    """Given an answer that asking again cannot change, when pulled, then it is not asked again."""
    crm.account.faults = [Fault(status, {"Location": "http://169.254.169.254/"})]
    connection_id = crm.connect()
    crm.work()

    connection = crm.connection(connection_id)
    assert (connection["status"], connection["sync"]["problem"]) == (connection_status, problem)
    assert len(crm.account.journal) == 1


def test_a_rate_limit_is_waited_for_as_long_as_hubspot_says(crm: Crm, later: Later) -> None:
    """Given 429 with Retry-After 120 on page two, when time passes, then it is asked again after that, not before."""
    crm.account.faults = [Fault(429, {"Retry-After": "120"})]
    connection_id = crm.connect()
    crm.work()
    waiting = crm.connection(connection_id)
    later(100 * SECOND)
    crm.work()
    early = len(crm.account.journal)
    later(25 * SECOND)
    crm.work()

    assert (waiting["status"], waiting["sync"]["problem"]) == ("syncing", "rate_limited")
    assert early == 1
    assert crm.connection(connection_id)["status"] == "active"
    assert crm.connection(connection_id)["sync"]["problem"] is None
    assert [asked.status for asked in crm.account.journal] == [429, 200, 200, 200]


def test_a_wait_no_queue_carries_is_carried_by_the_sweep(crm: Crm, later: Later) -> None:
    """Given a daily limit (one hour), when it is over, then the sweep resumes the pull."""
    daily = b'{"status":"error","errorType":"RATE_LIMIT","policyName":"DAILY"}'
    crm.account.faults = [Fault(429, body=daily)]
    connection_id = crm.connect()
    crm.work()
    later(59 * MINUTE)
    early = crm.sweep()["crm_page"]
    later(2 * MINUTE)
    late = crm.sweep()["crm_page"]
    crm.work()

    assert (early, late) == (0, 1)
    assert crm.connection(connection_id)["status"] == "active"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500),
        Fault(503, body=b"<html>down</html>"),
        Fault(200, body=b"not json"),
        Fault(200, body=b'{"results":[{"id":1001}]}'),
        Fault(200, body=b'{"results":[],"padding":"' + b"x" * 5_000_000 + b'"}'),
    ],
    ids=["500", "503", "not json", "not a page", "over the limit"],
)
def test_an_unusable_answer_is_asked_for_again(crm: Crm, later: Later, fault: Fault) -> None:
    """Given one unusable answer, when its wait is over, then the pull goes on to its end."""
    crm.account.faults = [fault]
    connection_id = crm.connect()
    crm.work()
    waiting = crm.connection(connection_id)
    later(10 * SECOND)
    crm.work()

    assert (waiting["status"], waiting["sync"]["problem"]) == ("syncing", "provider_unavailable")
    assert crm.connection(connection_id)["status"] == "active"
    assert len(crm.contacts()) == 60


def test_a_provider_that_stays_down_ends_the_pull(crm: Crm, later: Later) -> None:
    """Given a HubSpot that is down for hours, when every wait is over, then the pull has failed after twelve tries."""
    crm.account.faults = [Fault(500)] * 100
    connection_id = crm.connect()
    for _ in range(20):
        crm.work()
        later(16 * MINUTE)

    connection = crm.connection(connection_id)
    assert (connection["status"], connection["sync"]["problem"]) == ("failed", "provider_unavailable")
    assert len(crm.account.journal) == 12


def test_a_provider_on_a_private_address_is_never_called(crm: Crm, acme: Founded) -> None:
    """Given an installation whose egress is closed, when pulled, then nothing is sent and the page is given back."""
    crm.aws.environ["EGRESS_ALLOW"] = ""
    crm.connect()

    failed = crm.work(most=1)

    assert len(failed) == 1
    assert not crm.account.journal
    assert acme.org_id


def test_a_hubspot_that_fails_everybody_is_left_alone_and_no_try_is_used_up(crm: Crm, later: Later) -> None:
    """Given an open circuit, when a pull begins, then nothing is sent until it may be, and the pull then completes."""
    circuits = DynamoCircuits(crm.aws.container().table("limits"))
    circuits.swap(Circuit("hubspot", State.OPEN, 5, 1, retry_at=system() + MINUTE, changed_at=system()))
    connection_id = crm.connect()
    crm.work()
    waiting, asked = crm.connection(connection_id), len(crm.account.journal)
    later(70 * SECOND)
    crm.work()

    [pull] = [row for row in crm.aws.rows("crm") if row.get("kind", {}).get("S") == "crm_page"]
    assert (waiting["status"], waiting["sync"]["problem"], asked) == ("syncing", "provider_unavailable", 0)
    assert crm.connection(connection_id)["status"] == "active"
    assert pull["checkpoint"]["M"]["failures"] == {"N": "0"}
    assert circuits.load("hubspot").state is State.CLOSED
