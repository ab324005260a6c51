"""Who may use the tenant key, and for what: the condition that ADR 0006 rests on.

That each purpose granted is used, and each used is granted, is compared with the calls of `make test`
(tests/infra/grants.py); here, that the cloud's policies and the code name the same.
"""

import ast
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from infra import bundling, names, settings
from infra.constructs import grants
from infra.constructs.context import Place
from infra.functions import FUNCTIONS, IDEMPOTENCY, SIGNING, Function
from tests.infra.conftest import HOME, ROOT, SECOND, Templates, resources

_EVERYONE = [pytest.param(spec, region, id=f"{spec.path}-{region}") for spec in FUNCTIONS for region in (HOME, SECOND)]


def _key_statements(templates: Templates, spec: Function, region: str) -> list[dict[str, Any]]:
    template = templates[names.stack("prod", region, spec.domain)]
    name = f"{names.function('prod', spec.path)}-{region}"
    [role] = [r for r in resources(template, "AWS::IAM::Role").values() if r.get("RoleName") == name]
    found = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
    return [s for s in found if "kms:" in str(s["Action"])]


@pytest.mark.parametrize(("spec", "region"), _EVERYONE)
def test_a_role_uses_the_key_for_the_purposes_of_its_row_and_no_others(
    templates: Templates, spec: Function, region: str
) -> None:
    used = {s["Action"]: s["Condition"] for s in _key_statements(templates, spec, region)}

    expected = {"kms:GenerateDataKey": spec.seals, "kms:Decrypt": spec.opens}
    assert used == {
        action: {"StringEquals": {"kms:EncryptionContext:purpose": sorted(purposes)}}
        for action, purposes in expected.items()
        if purposes
    }


def test_only_the_function_that_issues_tokens_opens_what_signs_them() -> None:
    assert [f.path for f in FUNCTIONS if SIGNING in f.seals | f.opens] == ["identity/token"]


def _constants() -> Iterator[str]:
    """The value of every module's PURPOSE or _PURPOSE."""
    for path in (ROOT / "shared").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").strip("_") == "PURPOSE":
                yield ast.literal_eval(node.value)


def test_a_purpose_of_the_code_is_granted_to_somebody_and_the_reverse() -> None:
    granted = {purpose for f in FUNCTIONS for purpose in f.seals | f.opens}

    assert granted == set(_constants())


def test_answers_are_kept_sealed_by_the_functions_with_idempotent_routes() -> None:
    replaying = {
        spec.path
        for spec in FUNCTIONS
        for path in (ROOT / "functions" / spec.path).glob("*.py")
        if any(
            isinstance(node, ast.keyword) and node.arg == "idempotent" for node in ast.walk(ast.parse(path.read_text()))
        )
    }

    assert {f.path for f in FUNCTIONS if IDEMPOTENCY in f.seals} == replaying
    assert {f.path for f in FUNCTIONS if IDEMPOTENCY in f.opens} == replaying


@pytest.mark.parametrize("emulated", [False, True])
def test_only_an_emulated_stage_goes_without_the_condition(emulated: bool) -> None:  # noqa: FBT001 - the case
    stage = dataclasses.replace(settings.stage("dev"), emulated=emulated)
    spec = next(f for f in FUNCTIONS if f.path == "identity/token")

    made = grants.statements(Place(stage, HOME, bundling.this_machine()), "token", spec, "arn:aws:kms:::key/one")

    allowed = [s.to_statement_json() for s in made if "kms:" in str(s.actions)]
    assert [("Condition" in statement) for statement in allowed] == [not emulated] * 2
