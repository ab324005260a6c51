"""GET /v1/health and GET /v1/openapi.json — is it up, and what can it do."""

from pathlib import Path

from functions.platform.status import service
from functions.platform.status.models import Health
from shared.core.clock import SECOND
from shared.core.errors import Problem
from shared.core.http.routes import Call, Raw, Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

REMEMBERED = 10 * SECOND
container = Container()
routes = Routes("Platform")
_last: dict[str, tuple[Health | Problem, int]] = {}


@routes.add("GET", "/v1/health", name="getHealth", public=True, returns=Health, cache_control="no-cache")
def get_health(call: Call) -> Health:
    """Say whether this region's own dependencies answer; remembered for 10 seconds."""
    verdict, until = _last.get("health", (None, 0))
    if verdict is None or until <= call.now:
        try:
            config = container.config
            verdict = service.check(container.probe, config.tables(), region=config.region, logger=container.logger)
        except Problem as problem:
            verdict = problem
        _last["health"] = (verdict, call.now + REMEMBERED)
    if isinstance(verdict, Problem):
        raise verdict
    return verdict


@routes.add("GET", "/v1/openapi.json", name="getOpenApi", public=True, raw=True, cache_control="public, max-age=300")
def get_openapi(_call: Call) -> Raw:
    """Tell this API's OpenAPI 3.1 document."""
    return Raw(Path(__file__).with_name("openapi.json").read_bytes())


handler = lambda_api(routes, container)
