"""Row health: the deployment and its tables answer."""

from tests.demo.target import Target


def prove(target: Target) -> str:
    """No key is needed."""
    with target.api() as api:
        found = api.call("GET", "/v1/health")
    assert found["status"] == "ok", f"GET /v1/health says {found['status']}"
    return f"{found['region']}: {len(found['tables'])} tables answer"
