"""Lambda's event source mapping: takes batches from a queue, hands them to a worker, deletes what succeeded."""

import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.faults.foundation.processes import Function, Killed
from tests.faults.foundation.unreliable_queue import DUE
from tests.faults.foundation.virtual_clock import VirtualClock

_VISIBILITY_S = 3
_TWICE_IN_A_BATCH, _FORGOTTEN, _KILLED = 0.1, 0.08, 0.08
"""Shares of batches: with a message doubled; not deleted though processed; whose worker is killed."""
_PAUSE_S = 0.02


@dataclass
class Ledger:
    """What the pumps of a campaign saw."""

    excused: set[str] = field(default_factory=set)
    """Work whose end a kill or a store that was down may have hidden: it may happen twice."""
    bodies: list[str] = field(default_factory=list)
    """Every message ever taken from a queue."""


class Pump(threading.Thread):
    """One queue, one worker."""

    def __init__(
        self, sqs: Any, url: str, worker: Function, *, clock: VirtualClock, chance: random.Random, ledger: Ledger
    ) -> None:
        super().__init__(daemon=True)
        self.idle_polls = 0
        """Looks at the queue in a row that found nothing to do."""
        self.failure: Exception | None = None
        self._sqs = sqs
        self._url = url
        self._worker = worker
        self._clock = clock
        self._chance = chance
        self._ledger = ledger
        self._ended = threading.Event()

    def end(self) -> None:
        """After the batch it is at."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Until :meth:`end`."""
        try:
            while not self._ended.is_set():
                if not self._once():
                    self.idle_polls += 1
                    time.sleep(_PAUSE_S)
        except Exception as error:  # noqa: BLE001 - told by the campaign's own thread
            self.failure = error

    def _once(self) -> bool:
        messages = self._due()
        if not messages:
            return False
        self.idle_polls = 0
        records = [{"messageId": m["MessageId"], "body": m["Body"]} for m in messages]
        if self._chance.random() < _TWICE_IN_A_BATCH:
            records.append({**records[0], "messageId": "copy"})
        kill = self._chance if self._chance.random() < _KILLED else None
        try:
            answer = self._worker.call({"Records": records}, kill=kill)
        except Killed:
            self._excuse(messages)
            return True
        failed = {f["itemIdentifier"] for f in answer.get("batchItemFailures", [{"itemIdentifier": "all"}])}
        bad = [m for m in messages if m["MessageId"] in failed or failed & {"all", "copy"}]
        self._excuse(bad)
        if self._chance.random() >= _FORGOTTEN:
            self._take_off([m for m in messages if m not in bad])
        self.idle_polls = 0
        return True

    def _due(self) -> list[dict[str, Any]]:
        try:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=_VISIBILITY_S,
                MessageAttributeNames=["All"],
            )
        except (BotoCoreError, ClientError):  # the emulator is being restarted
            return []
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        self._ledger.bodies += [m["Body"] for m in messages]
        # What is not due yet comes back by its visibility timeout.
        return [m for m in messages if _due_at(m) <= self._clock()]

    def _take_off(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            try:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            except (BotoCoreError, ClientError):
                return

    def _excuse(self, messages: list[dict[str, Any]]) -> None:
        self._ledger.excused |= {json.loads(m["Body"])["ref"]["sk"] for m in messages}


def _due_at(message: dict[str, Any]) -> int:
    """When it may be received; at once where its sender was not made unreliable."""
    return int(message.get("MessageAttributes", {}).get(DUE, {}).get("StringValue", "0"))
