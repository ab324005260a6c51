"""schemathesis on the deployed local stack: what the document promises, held against what is answered."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.demo.target import HUBSPOT_PORT
from tests.e2e.operations import document
from tests.e2e.stack import Organization, Stack, pages
from tests.fakes import hubspot

EXAMPLES = 6
"""Of valid and of invalid requests each: a few hundred in all, half a minute."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_LEFT = {"/v1/connections", "/v1/sources", "/v1/webhooks/endpoints"}
"""What would go on working after the test."""

Operation = APIOperation[Any, Any, Any, Any]


def _operations() -> list[Operation]:
    """All but the second address of the chat completions, which is that of the REST API's own host."""
    schema = schemathesis.openapi.from_dict(document())
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return [operation for operation in found if operation.path != "/v1/chat/completions"]


@pytest.fixture(scope="module")
def keys(acme: Organization) -> Iterator[Iterator[str]]:
    """Several keys in turn: one principal alone would soon meet its burst limit and be told nothing but 429.

    A HubSpot is there and refuses made-up tokens: pulls end at once instead of opening its circuit for everybody.
    """
    with hubspot.running(port=HUBSPOT_PORT):
        yield itertools.cycle([acme.scoped("*") for _ in range(6)])
    for path in _LEFT:
        for made in pages(acme.api, path, limit=100):
            acme.api.call("DELETE", f"{path}/{made['id']}")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
@pytest.mark.parametrize("operation", _operations(), ids=lambda o: o.label)
def test_every_answer_is_one_the_document_tells(
    stack: Stack, keys: Iterator[str], operation: Operation, mode: GenerationMode
) -> None:
    """Given generated requests, valid and not, when sent, then no 5xx, and status, headers and body are documented."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,  # the same requests each time: a failure can be looked into
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        for credential in ("Authorization", "X-Api-Key"):
            case.headers.pop(credential, None)  # made up; what those get is test_credentials_matrix.py's matter
        case.call_and_validate(
            base_url=stack.base_url, headers={"Authorization": f"Bearer {next(keys)}"}, checks=CHECKS, timeout=30
        )

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "no valid request can be made"
        pytest.skip("nothing in it can be wrong")
