"""What every caller meets first: health, the document, the fallback, headers; through the edge and past it.

Not preflight: the emulator answers OPTIONS itself, where API Gateway would call the function
(tests/integration/core/test_contract.py shows what that answers).
"""

import json

import pytest

from infra.local.paths import ROOT
from tests.demo.api import Api
from tests.e2e.stack import Organization, Stack, is_refusal

pytestmark = pytest.mark.parametrize("face", ["edge", "gateway"])


def test_health_names_every_table(stack: Stack, face: str) -> None:
    """Given a running stack, when asked without a key, then ok, its region and all seven tables."""
    with Api(stack.face(face)) as api:
        reply = api.ask("GET", "/v1/health")

    assert reply.data == {
        "status": "ok",
        "region": stack.region,
        "tables": ["audit", "crm", "events", "limits", "llm", "platform", "usage"],
    }


def test_the_document_served_is_the_one_committed(stack: Stack, face: str) -> None:
    """Given docs/openapi.json, when /v1/openapi.json is asked for, then it is the same document."""
    with Api(stack.face(face)) as api:
        reply = api.ask("GET", "/v1/openapi.json")

    assert reply.body == json.loads((ROOT / "docs" / "openapi.json").read_text())


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "allow"),
    [
        ("GET", "/", 404, "not_found", None),
        ("GET", "/v2/anything", 404, "not_found", None),
        ("POST", "/v1/nothing-here", 404, "not_found", None),
        ("GET", "/v1/api-keys/a/b/c", 404, "not_found", None),
        ("GET", "/v1/api-keys/%2e%2e%2fhealth", 404, "not_found", None),
        ("PATCH", "/v1/api-keys", 405, "method_not_allowed", "GET, POST"),
        ("GET", "/v1/agora/tokens", 405, "method_not_allowed", "POST"),
        ("DELETE", "/v1/health", 405, "method_not_allowed", "GET"),
        ("PUT", "/v1/hooks/agora/x", 405, "method_not_allowed", "POST"),
    ],
)
def test_unknown_paths_and_methods_are_refused_in_the_envelope(
    stack: Stack,
    acme: Organization,
    face: str,
    method: str,
    path: str,
    status: int,
    code: str,
    allow: str | None,
) -> None:
    """Given a path or method no route has, when called, then 404, or 405 with what is allowed."""
    with Api(stack.face(face), acme.key) as api:
        reply = api.ask(method, path)

    assert (reply.status, reply.error["code"], reply.headers.get("allow")) == (status, code, allow)
    assert is_refusal(reply)


def test_security_headers_are_on_answers_and_refusals(stack: Stack, face: str) -> None:
    """Given an answer and a refusal, when looked at, then both carry the security headers."""
    with Api(stack.face(face)) as api:
        replies = [api.ask("GET", path) for path in ("/v1/health", "/v1/api-keys", "/v2")]

    assert [r.status for r in replies] == [200, 401, 404]
    for reply in replies:
        assert reply.headers["strict-transport-security"].startswith("max-age=")
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["content-security-policy"]
