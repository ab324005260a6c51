"""The part of the campaign that crosses the deployed functions: `make up`'s stack, over HTTP, in real time.

Function processes are killed and queue messages stolen while notifications come in by the edge. Leases end in real
time here, so it takes a minute and a half; the sweep is called more often than each minute to keep it at that.
"""

import contextlib
import itertools
import json
import os
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from botocore.exceptions import ClientError

from infra import names
from infra.local import aws
from infra.local.paths import LOCAL, STACK_FILE
from tests.demo import notifications, sink
from tests.e2e import stack as local
from tests.faults.foundation.notifier import notice_id

NOTIFICATIONS = 40
PORT = 9190
"""Of those that the local stage's egress rule lets through."""
_CLIENTS = 3
_PACE_S = 0.2
_KILLS_EACH, _THEFTS = 2, 4
_BETWEEN_S = (0.2, 0.9)
_SWEEP_EVERY_S = 10.0
_DEADLINE_S = 300.0
"""Above the longest chain of trouble: a lost inbound send (130 s), then a killed delivery (two leases)."""
_VICTIMS = ("webhooks-receive", "webhooks-process", "webhooks-deliver")


@dataclass
class Crossing:
    """What the deployed part saw."""

    acknowledged: set[str] = field(default_factory=set)
    taken: Counter[str] = field(default_factory=Counter)
    webhook_ids: dict[str, set[str]] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    thefts: int = 0
    repeats: int = 0
    seconds: float = 0

    def broken(self) -> list[str]:
        """Every broken promise."""
        found = []
        if not self.kills:
            found.append("deployed: nobody was killed, so nothing was proven")
        lost = self.acknowledged - self.taken.keys()
        if lost or len(self.acknowledged) != NOTIFICATIONS:
            found.append(f"deployed: {len(self.acknowledged)} acknowledged, {len(lost)} of them never arrived")
        if self.taken.keys() - self.acknowledged:
            found.append("deployed: something arrived that nobody was told of")
        if any(len(ids) > 1 for ids in self.webhook_ids.values()):
            found.append("deployed: a notification came under several webhook-ids")
        extra = sum(self.taken.values()) - len(self.taken)
        if extra > 10 * self.kills["webhooks-deliver"]:
            found.append(f"deployed: {extra} repeats, more than the killed batches explain")
        return found


def standing() -> bool:
    """Whether a stack is up."""
    if not STACK_FILE.exists():
        return False
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{local.read().base_url}/v1/health", timeout=5, trust_env=False).status_code == 200
    return False


def run(seed: int) -> Crossing:
    """Send, kill, steal, wait. Leaves an organization behind, no endpoint."""
    began = time.monotonic()
    stack = local.read()
    org = stack.found("Prove")
    seen, secret = Crossing(), secrets.token_urlsafe(16)
    wanted = {"provider": "agora", "name": "prove", "secrets": [secret]}
    hook = org.api.call("POST", "/v1/sources", json=wanted)["url"]
    over, sent = threading.Event(), threading.Event()
    with sink.running(PORT) as receiver:
        endpoint = org.api.call("POST", "/v1/webhooks/endpoints", json={"url": f"{receiver.url}/prove"})
        numbers = iter(range(NOTIFICATIONS))
        lock = threading.Lock()
        threads = [threading.Thread(target=_client, args=(hook, secret, numbers, lock, seen)) for _ in range(_CLIENTS)]
        troubles = [
            threading.Thread(target=_assassin, args=(random.Random(seed), seen, over)),
            threading.Thread(target=_thief, args=(stack, random.Random(seed + 1), seen, sent)),
        ]
        for thread in threads + troubles:
            thread.start()
        for thread in threads:
            thread.join()
        sent.set()
        _wait(stack, org.id, receiver, seen)
        over.set()
        for thread in troubles:
            thread.join()
        _count(receiver, seen)
        org.api.call("DELETE", f"/v1/webhooks/endpoints/{endpoint['id']}")
    seen.seconds = time.monotonic() - began
    return seen


def _client(hook: str, secret: str, numbers: Iterator[int], lock: threading.Lock, seen: Crossing) -> None:
    with httpx.Client(timeout=35, trust_env=False) as client:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            name = notice_id(number)
            while name not in seen.acknowledged:
                document = notifications.fresh("rtc.host_joined") | {"noticeId": name}
                body, headers = notifications.signed(document | {"payload": {"account": name}}, secret)
                with contextlib.suppress(httpx.HTTPError):
                    if client.post(hook, content=body, headers=headers).status_code == 200:
                        seen.acknowledged.add(name)
                        time.sleep(_PACE_S)
                        break
                seen.repeats += 1
                time.sleep(0.2)


def _assassin(chance: random.Random, seen: Crossing, over: threading.Event) -> None:
    """SIGKILL to processes in which this stack runs webhook functions, each function in turn."""
    for name in itertools.cycle(_VICTIMS):
        if over.wait(chance.uniform(*_BETWEEN_S)) or sum(seen.kills.values()) >= _KILLS_EACH * len(_VICTIMS):
            return
        running = _processes_of(name)
        if running and seen.kills[name] < _KILLS_EACH:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(running), signal.SIGKILL)
                seen.kills[name] += 1


def _processes_of(name: str) -> list[int]:
    """Those of this clone's emulator: another stack on this machine is none of ours. Without /proc: nobody."""
    found = []
    variable = f"AWS_LAMBDA_FUNCTION_NAME={names.resource(local.STAGE, name)}\0".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(LOCAL).encode() not in (entry / "cmdline").read_bytes():
                continue
            if variable in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def _thief(stack: local.Stack, chance: random.Random, seen: Crossing, sent: threading.Event) -> None:
    """Takes messages from a queue before the worker does, and throws them away. From one queue, and only while the
    clients send: each loss costs the two minutes until the sweep may step in, and they are not to add up.
    """
    sqs = aws.client("sqs", stack.region)
    url = sqs.get_queue_url(QueueName=names.resource(local.STAGE, "delivery"))["QueueUrl"]
    while not sent.wait(chance.uniform(0, 0.05)) and seen.thefts < _THEFTS:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", []):
            with contextlib.suppress(ClientError):  # the worker was quicker after all
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                seen.thefts += 1


def _hurry(stack: local.Stack, organization: str) -> None:
    """Work that met an error of its own (the emulator takes a killed worker's folder away, sometimes under its
    neighbour) waits for the queue's visibility timeout, six minutes: let them have passed.
    """
    dynamodb, table = aws.client("dynamodb", stack.region), names.resource(local.STAGE, "events")
    now = int(time.time() * 1000)
    for item in stack.rows("events", organization):
        if "due_at" not in item or item.get("crashes", {"N": "0"})["N"] == "0" or int(item["due_at"]["N"]) <= now:
            continue
        with contextlib.suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(
                TableName=table,
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET due_at = :now",
                ConditionExpression="due_at = :seen AND #st = :pending",
                ExpressionAttributeNames={"#st": "status"},
                ExpressionAttributeValues={
                    ":now": {"N": str(now)},
                    ":seen": item["due_at"],
                    ":pending": {"S": "pending"},
                },
            )


def _wait(stack: local.Stack, organization: str, receiver: sink.Sink, seen: Crossing) -> None:
    """Until everything acknowledged has arrived, or time is up."""
    sweep, client = names.function(local.STAGE, "platform/sweep"), aws.client("lambda", stack.region)
    until = time.monotonic() + _DEADLINE_S
    swept = time.monotonic()
    while time.monotonic() < until:
        _count(receiver, seen)
        if seen.acknowledged <= seen.taken.keys():
            return
        if time.monotonic() - swept > _SWEEP_EVERY_S:
            swept = time.monotonic()
            _hurry(stack, organization)
            client.invoke(FunctionName=sweep, Payload=b"{}")
        time.sleep(0.2)


def _count(receiver: sink.Sink, seen: Crossing) -> None:
    seen.taken.clear()
    for received in receiver.at("/prove"):
        name = json.loads(received.body)["data"]["account"]
        seen.taken[name] += 1
        seen.webhook_ids.setdefault(name, set()).add(received.headers["webhook-id"])
