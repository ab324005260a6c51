"""One way in an artefact, without an emulator: what importing and calling handlers costs."""

import contextlib
import io
import itertools

from infra.functions import FUNCTIONS
from tests.artefact import cold
from tests.artefact.built import Built, archives, spec_of
from tests.artefact.cold import FLOOR
from tests.bench.foundation import peer, warm
from tests.bench.foundation.operations import OPERATIONS
from tests.bench.foundation.table import Table
from tests.bench.foundation.world import world

_ROUNDS = 5


def imports(built: Built) -> Table:
    """Cold imports, over boto3's first client in the same rounds."""
    mint = spec_of("agora/tokens")
    cases = [cold.floor(), peer.cold(mint, built), *(cold.function(spec, built) for spec in FUNCTIONS)]
    best = cold.measure(cases, rounds=_ROUNDS)
    names = {FLOOR: '`import boto3; boto3.client("dynamodb")`', peer.NAME: f"peer of agora/tokens: {peer.NAME}"}
    return Table(
        "Cold import",
        f"CPU time of a fresh process from the built zip and layers, interleaved, best of {_ROUNDS}.",
        ("ratio", "CPU ms"),
        {names.get(case.name, case.name): (best[case.name] / best[FLOOR], best[case.name]) for case in cases},
    )


def handlers(built: Built) -> Table:
    """Warm handlers beside their AWS calls."""
    with contextlib.redirect_stdout(io.StringIO()), world() as acme:
        found = warm.measure(acme, built)
    return Table(
        "Warm handler, beside its AWS calls",
        "Wall time of the built artefact's handler minus the time inside botocore's clients; 400 requests.",
        ("p50 ms", "p95 ms", "AWS calls"),
        {one.name: (one.p50, one.p95, one.calls) for one in found},
    )


def calls() -> Table:
    """What each operation asks of AWS."""
    with contextlib.redirect_stdout(io.StringIO()), world() as acme:
        made = {operation.name: operation.calls(acme) for operation in OPERATIONS}
    return Table(
        "AWS calls of an operation",
        "Exactly these, in this order: tests/integration/core/test_call_budget.py.",
        ("DynamoDB", "all", "which"),
        {name: (sum(map(_is_dynamodb, found)), len(found), _told(found)) for name, found in made.items()},
    )


def _told(calls: tuple[str, ...]) -> str:
    """In order; the same ones in a row are counted."""
    groups = [(call, len(list(same))) for call, same in itertools.groupby(calls)]
    return ", ".join(call if number == 1 else f"{number} {call}" for call, number in groups) or "none"


def _is_dynamodb(call: str) -> bool:
    return not call.startswith(("SendMessage", "Decrypt", "GenerateDataKey"))


def sizes() -> Table:
    """Of every zip."""
    return Table(
        "Zips",
        "As shipped to this machine's platform, bytecode included. A function may have 50 kB.",
        ("kB",),
        {name: (archive.stat().st_size / 1000,) for name, archive in archives().items()},
    )
