"""Everything a campaign runs: emulator, functions, queues, sink, and time."""

import contextlib
import itertools
import json
import random
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra import names
from infra.tables import TABLES
from tests.fakes.cloud import http_event
from tests.faults.foundation.child import Spec
from tests.faults.foundation.emulator import Emulator
from tests.faults.foundation.ground import STAGE, lay
from tests.faults.foundation.processes import Function, Killed
from tests.faults.foundation.pump import Ledger, Pump
from tests.faults.foundation.sink import Sink
from tests.faults.foundation.virtual_clock import VirtualClock

START = 1_795_161_600_000
SPEED = 5
"""How fast time runs while notifications come in: leases of a minute end within a dozen seconds."""
_TICK_S = 0.02
_STALL_S = 2.0
"""Work that takes longer stops the clock: a slow machine must not look like a lost lease."""
_QUIET_POLLS = 3
_SWEEP_MS = 60_000


class World:
    """Made once per campaign. ``EDGES`` receive, one worker processes, two deliver."""

    EDGES, DELIVERERS = 2, 2

    def __init__(self, folder: Path, emulator: Emulator, seed: int, mutant: str | None) -> None:
        self.folder = folder
        self.emulator = emulator
        self.chance = random.Random(seed)
        self.clock = VirtualClock.make(folder / "clock", START)
        self.sink = Sink(seed, self.clock)
        self.environ = lay(emulator, [self.sink.authority], folder)
        self.ledger = Ledger()
        self.dynamodb = emulator.client("dynamodb")
        self.sqs = emulator.client("sqs")
        self.sweeps = self.restarts = 0
        self._mutant = mutant
        self._seeds = itertools.count(seed * 1000)
        self._functions: list[Function] = []
        self._running = threading.Event()
        self.manage = self.function("webhooks/manage", faults=False)
        self.apps = self.function("agora/apps", faults=False)
        self.sweeper = self.function("platform/sweep")
        self.edges = [self.function("webhooks/receive") for _ in range(self.EDGES)]
        workers = [("inbound", self.function("webhooks/process"))]
        workers += [("delivery", self.function("webhooks/deliver")) for _ in range(self.DELIVERERS)]
        self.pumps = [
            Pump(
                self.sqs,
                self.environ[names.queue_key(queue)],
                worker,
                clock=self.clock,
                chance=random.Random(next(self._seeds)),
                ledger=self.ledger,
            )
            for queue, worker in workers
        ]
        for pump in self.pumps:
            pump.start()

    def function(self, path: str, *, faults: bool = True) -> Function:
        """A process of a function."""
        log = self.folder / f"{path.replace('/', '-')}-{len(self._functions)}.log"
        spec = Spec(path, self.environ, self.folder / "clock", log, next(self._seeds), faults, self._mutant)
        made = Function(spec)
        self._functions.append(made)
        return made

    def api(self, function: Function, method: str, path: str, key: str, body: Any = None) -> Any:
        """``data`` and ``meta`` of a call that must succeed."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        text = None if body is None else json.dumps(body)
        query = dict(pair.split("=", 1) for pair in path.partition("?")[2].split("&") if pair)
        event = http_event(method, path.partition("?")[0], headers=headers, query=query, body=text)
        answer = function.call(event)
        if answer.get("statusCode", 500) >= 300:
            raise RuntimeError(f"{method} {path}: {answer}")
        return json.loads(answer["body"])

    # Time

    def run_time(self) -> None:
        """Let the clock tick, and the sweep run each minute of it, until :meth:`stop_time`."""
        self._running.set()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def stop_time(self) -> None:
        """From here on time moves by :meth:`drain` only."""
        self._running.clear()
        self._ticker.join()

    def _tick(self) -> None:
        swept = self.clock()
        while self._running.is_set():
            time.sleep(_TICK_S)
            busy = [f.busy_since for f in self._functions if f.busy_since is not None]
            if not busy or time.monotonic() - min(busy) < _STALL_S:
                self.clock.move_to(self.clock() + round(_TICK_S * 1000 * SPEED))
            if self.clock() - swept >= _SWEEP_MS:
                swept = self.clock()
                self._sweep()

    def _sweep(self) -> None:
        kill = self.chance if self.chance.random() < 0.05 else None
        with contextlib.suppress(Killed):
            self.sweeper.call({}, kill=kill)
        self.sweeps += 1

    def drain(self) -> list[int]:
        """Let hours pass until no work is due any more, or none of it moves; what is still due."""
        stuck, last = 0, ""
        while True:
            self._quiet()
            due = self.due()
            state = f"{len(due)} {len(self.sink.seen)} {sum(due)}"
            stuck = stuck + 1 if state == last else 0
            if not due or stuck >= 4:
                return due
            last = state
            self.clock.move_to(due[len(due) // 3] + 1000)
            self._sweep()

    def due(self) -> list[int]:
        """When each item of unfinished work is due, soonest first."""
        found: list[int] = []
        arguments: dict[str, Any] = {"TableName": names.resource(STAGE, "events"), "IndexName": "work"}
        while True:
            answer = self.dynamodb.scan(**arguments)
            found += [int(item["due_at"]["N"]) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return sorted(found)
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _quiet(self) -> None:
        """Wait until no worker is at work and every queue was found empty a few times."""
        for pump in self.pumps:
            pump.idle_polls = 0
        while any(pump.idle_polls < _QUIET_POLLS for pump in self.pumps):
            failure = next((pump.failure for pump in self.pumps if pump.failure), None)
            if failure:
                raise failure
            time.sleep(_TICK_S)

    # Faults and ends

    def restart_emulator(self) -> None:
        """SIGTERM and a new start on the same state, under the feet of everything that runs."""
        self.emulator.stop()
        self.emulator.start()
        self.restarts += 1

    def kills(self) -> dict[str, int]:
        """Per function."""
        counted: dict[str, int] = {}
        for function in self._functions:
            counted[function.spec.function] = counted.get(function.spec.function, 0) + function.kills
        return {name: count for name, count in counted.items() if count}

    def dump(self) -> bytes:
        """Every table and everything that was or is in a queue."""
        parts: list[str] = list(self.ledger.bodies)
        for table in TABLES:
            for page in self.dynamodb.get_paginator("scan").paginate(TableName=names.resource(STAGE, table.name)):
                parts += [repr(item) for item in page["Items"]]
        for variable, url in self.environ.items():
            if variable.startswith("QUEUE_"):
                parts += self.take_all(url)
        return "\n".join(parts).encode()

    def take_all(self, url: str) -> list[str]:
        """The bodies in a queue, which is then empty."""
        bodies: list[str] = []
        while found := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [m["Body"] for m in found]
            for message in found:
                with contextlib.suppress(BotoCoreError, ClientError):
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def end(self) -> None:
        """Stop everything but the emulator."""
        for pump in self.pumps:
            pump.end()
        for function in self._functions:
            function.end()
        self.sink.close()
