"""A function's cold import costs at most so many times what boto3's first client costs."""

import pytest

from infra.functions import FUNCTIONS, Function
from tests.artefact import cold
from tests.artefact.built import Built, spec_of
from tests.artefact.cold import FLOOR

pytestmark = pytest.mark.slow

_LIMITS = {"agora/tokens": 1.55, "webhooks/receive": 1.55}
_OTHER = 1.8
"""Figures as measured: tests/bench/README.md. What slips in below the limits, test_hot_path.py names."""
_ROUNDS = 5
_REPEATS = 3
"""A best of five is over its limit by noise now and then; of fifteen, by a regression."""

PLANTED = "import aws_lambda_powertools.event_handler, aws_lambda_powertools.utilities.batch, boto3, httpcore, jwt"
"""The resolver that docs/adr/0005 left out, the SDK's upper floor, and what only other functions need."""

Ratios = dict[str, float]


def limit(spec: Function) -> float:
    """A function's budget."""
    return _LIMITS.get(spec.path, _OTHER)


@pytest.fixture(scope="module")
def ratios(built: Built) -> Ratios:
    """Each function's best cold import over boto3's."""
    cases = {spec.path: cold.function(spec, built) for spec in FUNCTIONS}
    wanted = list(cases.values())
    best: dict[str, float] = {}
    for _ in range(_REPEATS):
        best = cold.measure([cold.floor(), *wanted], rounds=_ROUNDS, best=best)
        over = [spec for spec in FUNCTIONS if best[spec.path] > limit(spec) * best[FLOOR]]
        if not over:
            break
        wanted = [cases[spec.path] for spec in over]
    return {path: best[path] / best[FLOOR] for path in cases}


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.path)
def test_a_cold_import_stays_within_its_budget(spec: Function, ratios: Ratios) -> None:
    """Given the built artefact with bytecode, when a handler is imported, then its CPU time is within budget."""
    assert ratios[spec.path] <= limit(spec)


def test_the_measurement_notices_a_heavy_import(built: Built) -> None:
    """Given a mint with two heavy imports planted, when measured the same way, then it is over its budget."""
    planted = cold.function(spec_of("agora/tokens"), built, more=PLANTED)

    best = cold.measure([cold.floor(), planted], rounds=_ROUNDS)

    assert best[planted.name] / best[FLOOR] > _LIMITS["agora/tokens"]
