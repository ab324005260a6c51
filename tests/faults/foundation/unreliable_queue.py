"""SQS as a campaign's functions see it: refuses, loses, doubles, and delays in the campaign's time."""

import random
from typing import Any

from botocore.exceptions import EndpointConnectionError

from tests.faults.foundation.virtual_clock import VirtualClock

REFUSED, LOST, UNTOLD, DOUBLED = 0.06, 0.06, 0.02, 0.05
"""Shares of sends: an error and not sent; no error and not sent; sent and an error; sent twice."""
DUE = "due"
"""Message attribute: when it may be received, in the campaign's milliseconds. The emulator's own delay is real time."""


class UnreliableClient:
    """A botocore SQS client whose sends go wrong."""

    def __init__(self, client: Any, chance: random.Random, clock: VirtualClock) -> None:
        self._client = client
        self._chance = chance
        self._clock = clock

    def send_message(self, **arguments: Any) -> Any:
        """As SQS's, when it goes well."""
        delay_s = arguments.pop("DelaySeconds", 0)
        due = {"DataType": "Number", "StringValue": str(self._clock() + delay_s * 1000)}
        arguments["MessageAttributes"] = {DUE: due}
        fate = self._chance.random()
        # A work message is only a hint, so it may vanish. A notice that SQS says it took, it has.
        if fate < REFUSED or (fate < REFUSED + LOST and "MessageGroupId" not in arguments):
            raise EndpointConnectionError(endpoint_url="sqs")
        if fate < REFUSED + LOST:
            return {}
        answer = self._client.send_message(**arguments)
        if fate < REFUSED + LOST + UNTOLD:
            raise EndpointConnectionError(endpoint_url="sqs")
        if fate < REFUSED + LOST + UNTOLD + DOUBLED:
            self._client.send_message(**arguments)
        return answer


def plant(chance: random.Random, clock: VirtualClock) -> None:
    """Every SQS client that this process makes from now on is one."""
    from shared.adapters import sqs

    make = sqs.make_client
    sqs.make_client = lambda region: UnreliableClient(make(region), chance, clock)
