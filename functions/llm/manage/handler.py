"""/v1/llm/upstream — the organization's own model provider."""

from functions.llm.manage import service
from functions.llm.manage.models import SetUpstream, UpstreamView
from shared.core.http.routes import Call, Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api
from shared.runtime.llm import upstreams

container = Container()
routes = Routes("LLM gateway")


@routes.add("PUT", "/v1/llm/upstream", name="setLlmUpstream", scope="llm:admin", body=SetUpstream, returns=UpstreamView)
def set_upstream(call: Call) -> UpstreamView:
    """Set or replace the provider; running processes use the old one for up to 60 seconds. Honours If-Match."""
    allow, seen = container.config.egress_allow, call.request.headers.get("if-match")
    return service.put(upstreams(container, call.org), call.body, allow, call.now, seen)


@routes.add("GET", "/v1/llm/upstream", name="getLlmUpstream", scope="llm:admin", returns=UpstreamView)
def get_upstream(call: Call) -> UpstreamView:
    """Show the provider, without its key."""
    return service.get(upstreams(container, call.org))


handler = lambda_api(routes, container)
