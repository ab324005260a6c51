"""One campaign: notifications flow while all under them is killed, then hours pass, then promises are checked."""

import os
import random
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import names
from tests.faults.foundation import promises
from tests.faults.foundation.emulator import Emulator, python_of_ministack
from tests.faults.foundation.ground import BASE_URL
from tests.faults.foundation.notifier import Notifier
from tests.faults.foundation.processes import Function
from tests.faults.foundation.promises import Endpoint, Facts
from tests.faults.foundation.sink import DEAD, GOOD
from tests.faults.foundation.world import World

ROOT = Path(__file__).resolve().parents[3]
_SETTLE_S = 1.0
"""After the last answer: a planted fault must be caught by what it loses, not by our haste."""
_FILTERS = {GOOD: "agora.rtc.host_joined", DEAD: "agora.rtc.host_left"}


@dataclass(frozen=True)
class Plan:
    """What one campaign does."""

    seed: int
    notifications: int
    restart: bool = True
    """Whether the emulator is stopped and started half-way."""
    mutant: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What it found."""

    broken: list[str]
    facts: Facts
    kills: dict[str, int]
    restarts: int
    repeats: int
    sweeps: int
    hours: float
    """Of the campaign's own time."""
    seconds: float
    """Of real time."""


def run(plan: Plan) -> Outcome:
    """A campaign from an empty account to a verdict."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="switchboard-prove-", ignore_cleanup_errors=True) as folder:
        emulator = Emulator(python_of_ministack(ROOT), Path(folder))
        emulator.start()
        try:
            return _over(emulator, Path(folder), plan, began)
        finally:
            emulator.stop()


def _over(emulator: Emulator, folder: Path, plan: Plan, began: float) -> Outcome:
    world = World(folder, emulator, plan.seed, plan.mutant)
    try:
        planted, source_id, endpoints, key, hook = _settle(world)
        started = world.clock()
        notifier = Notifier(hook, planted["source secret"], world.clock)
        _send(world, notifier, plan)
        unfinished = len(world.drain())
        dead = _dead_letters(world, key)
        notices = world.take_all(world.environ[names.queue_key("webhook-exhausted")])
        world.ledger.bodies += notices
        unfinished += _replay(world, dead, key)
        facts = Facts(
            source_id=source_id,
            endpoints=endpoints,
            sent=plan.notifications,
            acknowledged=notifier.acknowledged,
            seen=world.sink.seen,
            excused=world.ledger.excused,
            dead_letters=dead,
            notices=notices,
            unfinished=unfinished,
            refused=notifier.refused,
        )
        hours = (world.clock() - started) / 3_600_000
        dumps = {"tables and queues": world.dump()}
    finally:
        world.end()
    emulator.stop()  # writes its state, which is then searched as it lies on the disk
    dumps |= {"logs": _read(folder.glob("*.log")), "the store's files": _read((folder / "state").rglob("*"))}
    found = promises.broken(facts) + promises.leaks(planted, dumps)
    found += promises.blind(endpoints[GOOD].id, dumps)
    seconds = time.monotonic() - began
    return Outcome(found, facts, world.kills(), world.restarts, notifier.repeats, world.sweeps, hours, seconds)


def _settle(world: World) -> tuple[dict[str, str], str, dict[str, Endpoint], str, str]:
    """An organization with a source and two endpoints, and the secrets that must never be seen again."""
    os.environ.update({k: v for k, v in world.environ.items() if k.startswith("AWS_")})
    from shared.core.config import Config
    from shared.runtime.bootstrap import found_organization
    from shared.runtime.container import Container

    container = Container(Config({**world.environ, "FUNCTION": "prove"}), world.clock)
    key = found_organization(container, "Acme").api_key
    planted = {"source secret": secrets.token_urlsafe(24), "certificate": secrets.token_hex(16), "API key": key}
    app = {"app_id": secrets.token_hex(16), "certificate": planted["certificate"], "name": "main"}
    world.api(world.apps, "POST", "/v1/agora/apps", key, app)
    wanted = {"provider": "agora", "name": "project", "secrets": [planted["source secret"]]}
    source = world.api(world.manage, "POST", "/v1/sources", key, wanted)["data"]
    planted["source token"] = source["url"].rpartition("/")[2]
    endpoints = {}
    for path, event_type in _FILTERS.items():
        body = {"url": f"http://{world.sink.authority}{path}", "event_types": [event_type]}
        made = world.api(world.manage, "POST", "/v1/webhooks/endpoints", key, body)["data"]
        endpoints[path] = Endpoint(made["id"], path, made["secret"])
        planted[f"signing secret of {path}"] = made["secret"]
    return planted, source["id"], endpoints, key, source["url"].removeprefix(BASE_URL)


def _send(world: World, notifier: Notifier, plan: Plan) -> None:
    """All notifications, and the restart in their midst."""
    numbers = iter(range(plan.notifications))
    world.run_time()
    chances = [random.Random(f"{plan.seed}|{n}") for n in range(len(world.edges))]
    errors: list[Exception] = []

    def client(edge: Function, chance: random.Random) -> None:
        try:
            notifier.run(numbers, edge, chance)
        except Exception as error:  # noqa: BLE001 - raised below, in the campaign's own thread
            errors.append(error)

    clients = [threading.Thread(target=client, args=pair) for pair in zip(world.edges, chances, strict=True)]
    for thread in clients:
        thread.start()
    if plan.restart:
        while len(notifier.acknowledged) < plan.notifications // 2 and not errors:
            time.sleep(0.05)
        world.restart_emulator()
    for thread in clients:
        thread.join()
    time.sleep(_SETTLE_S)
    world.stop_time()
    if errors:
        raise errors[0]


def _dead_letters(world: World, key: str) -> list[str]:
    """Every dead letter that the API lists, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        page: Any = world.api(world.manage, "GET", f"/v1/webhooks/dead-letters?limit=100{cursor}", key)
        found += [d["id"] for d in page["data"]]
        if page["meta"]["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['meta']['next_cursor']}"


def _replay(world: World, dead: list[str], key: str) -> int:
    """The dead endpoint comes back, its deliveries are replayed; the work then still unfinished."""
    world.sink.recovered = True
    for delivery_id in dead:
        world.clock.move_to(world.clock() + 1000)
        world.api(world.manage, "POST", f"/v1/webhooks/deliveries/{delivery_id}/replay", key)
    return len(world.drain())


def _read(paths: Any) -> bytes:
    return b"\n".join(path.read_bytes() for path in paths if path.is_file())
