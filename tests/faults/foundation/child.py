"""One execution environment of one function: a process that is told events and can be killed at any moment."""

import importlib
import os
import random
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.faults.foundation.virtual_clock import VirtualClock


@dataclass(frozen=True)
class Spec:
    """What a process is."""

    function: str
    environ: dict[str, str]
    clock: Path
    log: Path
    seed: int
    faults: bool
    """Whether its queue sends are dropped and doubled."""
    mutant: str | None


def main(pipe: Connection, spec: Spec) -> None:
    """Cold start, then one event after another until the pipe ends."""
    log = os.open(spec.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 - lives as long as the process
    os.environ.update({**spec.environ, "FUNCTION": spec.function})
    clock = VirtualClock(spec.clock)
    # Before anything takes `system` as a default: from here on this process knows no other time.
    vars(importlib.import_module("shared.core.clock"))["system"] = clock
    if spec.faults:
        from tests.faults.foundation import unreliable_queue

        unreliable_queue.plant(random.Random(spec.seed), clock)
    if spec.mutant:
        from tests.faults.foundation import mutants

        mutants.plant(spec.mutant, spec.function)
    handler = importlib.import_module(f"functions.{spec.function.replace('/', '.')}.handler").handler
    pipe.send("ready")
    while True:
        try:
            event: dict[str, Any] = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(handler(event, None))
        except Exception as error:  # noqa: BLE001 - Lambda tells its caller the same way
            pipe.send({"errorType": type(error).__name__})
