"""How much a cold import costs: CPU time of fresh processes, interleaved, the best of several rounds.

CPU time, not the clock on the wall: a busy machine makes a process wait, it does not make it work more. The best,
not the mean: noise only ever adds. A ratio to a floor measured in the same rounds: machines differ, ratios hardly.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3

from infra.functions import Function
from tests.artefact.built import ISOLATED, REGION, Built, module

FLOOR = "boto3"


@dataclass(frozen=True)
class Case:
    """A program to start, and with what."""

    name: str
    code: str
    environment: Mapping[str, str]

    def cpu_ms(self) -> float:
        """One fresh process, user and system time. Raises CalledProcessError when it fails."""
        command = [*ISOLATED, "-c", self.code]
        process = subprocess.Popen(command, env=dict(self.environment), cwd="/")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return (usage.ru_utime + usage.ru_stime) * 1000


def floor() -> Case:
    """``import boto3; boto3.client("dynamodb")``, from the packages that pip's resolver gave the developer."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "PYTHONPATH": str(Path(boto3.__file__).parents[1]),
    }
    return Case(FLOOR, "import boto3; boto3.client('dynamodb')", environment)


def function(spec: Function, built: Built, *, more: str = "") -> Case:
    """A function's handler from its artefact; ``more`` is a statement after it."""
    return Case(f"{spec.path}{more and ' + '}{more}", f"import {module(spec)}\n{more}", built.environment(spec))


def measure(cases: Sequence[Case], *, rounds: int, best: Mapping[str, float] | None = None) -> dict[str, float]:
    """Milliseconds of each case: the best of ``rounds``, and of what was measured before.

    One round more comes first and does not count: it writes bytecode and warms the page cache.
    """
    found = dict(best or {})
    for number in range(rounds + 1):
        for case in cases:
            took = case.cpu_ms()
            if number:
                found[case.name] = min(took, found.get(case.name, took))
    return found
