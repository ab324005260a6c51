"""The container's breaker: told in logs and metrics, and never itself the outage."""

import json
from typing import Any
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import ConnectTimeoutError

from shared.core.breaker import BreakerPolicy
from shared.core.logs import Logger
from shared.core.metrics import Metrics
from tests.fakes.cloud import Cloud


def test_a_circuit_that_opens_and_a_store_that_is_down_are_told(aws: Cloud) -> None:
    """Given failures in a row, then one line and one count; given no store, then calls go on, and that is told too."""
    lines: list[dict[str, Any]] = []
    container = aws.container()
    container.logger = Logger(write=lambda line: lines.append(json.loads(line)))
    container.metrics = Metrics(write=lambda line: lines.append(json.loads(line)))

    for _ in range(BreakerPolicy().threshold):
        container.breaker.failure(container.breaker.enter("party"))
    opened = [(line.get("log"), line.get("circuit"), line.get("CircuitsOpened")) for line in lines]
    lines.clear()
    with mock.patch.object(BaseClient, "_make_api_call", side_effect=ConnectTimeoutError(endpoint_url="https://x")):
        container.breaker.failure(container.breaker.enter("other"))

    assert opened == [("SB2201", "party", None), (None, None, 1)]
    assert [(line.get("log"), line.get("BreakerFailOpen")) for line in lines] == [("SB2202", None), (None, 1)] * 2
