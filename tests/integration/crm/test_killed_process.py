"""The pull's worker as a process of its own, ended by SIGKILL at random moments."""

import os
import random
import time

import pytest

from shared.core.clock import MINUTE
from tests.fakes import aws_endpoint
from tests.fakes.worker_process import WorkerProcess
from tests.integration.crm.conftest import Crm, Later

KILLS = 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_worker_killed_at_random_loses_nothing_and_repeats_at_most_a_page_per_kill(
    crm: Crm, later: Later, seed: int
) -> None:
    """Given ten pages and a worker killed four times, when each is resumed, then every contact once, ≤ 14 requests."""
    chance = random.Random(seed)
    kills = 0
    connection_id = crm.connect()
    with aws_endpoint.running() as (url, calls):
        environ = {**os.environ, **crm.aws.environ, "AWS_ENDPOINT_URL": url}
        worker = WorkerProcess("crm/sync", environ)
        while crm.connection(connection_id)["status"] == "syncing":
            records = crm.aws.messages("crm-sync")
            if not records:
                later(3 * MINUTE)
                crm.sweep()
                continue
            worker.begin({"Records": records[:1]}, time.time())
            if kills < KILLS and chance.random() < 0.6:
                _wait_for_calls(calls, len(calls) + chance.randint(2, 24))
                worker.kill()
                worker.close()
                kills += 1
                worker = WorkerProcess("crm/sync", environ)
            else:
                worker.end()
        worker.close()

    print(f"seed {seed}: {kills} kills, {len(crm.account.journal)} requests")
    contacts = crm.contacts()
    assert kills == KILLS
    assert sorted(c["link"]["provider_id"] for c in contacts) == sorted(c["id"] for c in crm.account.contacts)
    assert crm.connection(connection_id)["sync"]["records"] == 200
    assert {c["version"] for c in contacts} == {1}
    assert len(crm.account.journal) <= 10 + KILLS


def _wait_for_calls(calls: list[str], count: int) -> None:
    """Until the worker has made so many calls, or makes no more."""
    ends = time.perf_counter() + 5
    while len(calls) < count and time.perf_counter() < ends:
        time.sleep(0.001)
