"""/v1/sources and /v1/webhooks — who may notify us, whom we notify, and what became of it."""

from functions.webhooks.manage import delivery_routes, endpoint_routes, source_routes
from shared.core.http.routes import Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("Webhooks")
source_routes.add(routes, container)
endpoint_routes.add(routes, container)
delivery_routes.add(routes, container)
handler = lambda_api(routes, container)
