"""Agora's side: signs, sends, repeats until it gets its 200, and sometimes repeats although it got it."""

import hashlib
import hmac
import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

from tests.fakes.cloud import http_event
from tests.faults.foundation.processes import Function, Killed
from tests.faults.foundation.virtual_clock import VirtualClock

_AGAIN_THOUGH_ANSWERED, _AGAIN_MUCH_LATER = 0.05, 0.1
_KILL_AT_WORK, _KILL_AFTER_ANSWER = 0.03, 0.02
_DOOMED = 20
"""Every twentieth notification is of the type that only the dead endpoint wants."""
_TRIES = 400
_PAUSE_S = 0.05
JOINED, LEFT = 103, 104


def notice_id(number: int) -> str:
    """Of the campaign's notifications."""
    return f"notice-{number:05d}"


def is_doomed(number: int) -> bool:
    """Whether a notification is for the dead endpoint."""
    return number % _DOOMED == 0


class Notifier:
    """Several at once share the numbers; each has a receiving edge of its own to call and to kill."""

    def __init__(self, hook: str, secret: str, clock: VirtualClock) -> None:
        """``hook``: the path of the source's URL."""
        self.acknowledged: set[int] = set()
        self.refused: list[str] = []
        """Answers no valid notification should get."""
        self.repeats = 0
        self._hook = hook
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()

    def run(self, numbers: Iterator[int], edge: Function, chance: random.Random) -> None:
        """Send until there are no more numbers."""
        while True:
            with self._lock:
                number = next(numbers, None)
            if number is None:
                return
            self._until_acknowledged(number, edge, chance)
            if chance.random() < _KILL_AFTER_ANSWER:
                edge.kill()
            if chance.random() < _AGAIN_THOUGH_ANSWERED:
                self._until_acknowledged(number, edge, chance)
            if chance.random() < _AGAIN_MUCH_LATER:
                self._until_acknowledged(chance.randrange(number + 1), edge, chance)

    def _until_acknowledged(self, number: int, edge: Function, chance: random.Random) -> None:
        for _ in range(_TRIES):
            kill = chance if chance.random() < _KILL_AT_WORK else None
            try:
                answer = edge.call(self._event(number), kill=kill)
            except Killed:
                answer = {"statusCode": 502}
            status = answer.get("statusCode", 500)
            if status == 200:
                self.acknowledged.add(number)
                return
            self.repeats += 1
            if status < 500:
                self.refused.append(f"{notice_id(number)} was answered {status}: {answer['body']}")
                return
            time.sleep(_PAUSE_S)

    def _event(self, number: int) -> dict[str, Any]:
        body = json.dumps(
            {
                "noticeId": notice_id(number),
                "productId": 1,
                "eventType": LEFT if is_doomed(number) else JOINED,
                "notifyMs": self._clock(),
                "sid": "5EFF2F00027648D499BF100C1DEE1A86",
                "payload": {"channelName": f"room-{number % 7}", "uid": number, "account": notice_id(number)},
            }
        ).encode()
        signature = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Agora-Signature-V2": signature}
        return http_event("POST", self._hook, headers=headers, body=body)
