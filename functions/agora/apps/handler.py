"""/v1/agora/apps — the Agora projects an organization mints tokens for."""

from functions.agora.apps import service
from functions.agora.apps.models import AppView, RegisterApp
from shared.core.http.models import Deleted
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("Agora")


@routes.add(
    "POST",
    "/v1/agora/apps",
    name="registerAgoraApp",
    scope="agora:admin",
    body=RegisterApp,
    returns=AppView,
    status=201,
    target="app_id",
)
def register_app(call: Call) -> AppView:
    """Register an app, or replace its name and certificate. The certificate is sealed and never shown."""
    return service.register(container.agora_apps(call.org), call.body, call.now)


@routes.add("GET", "/v1/agora/apps", name="listAgoraApps", scope="agora:admin", returns=AppView, paged=True)
def list_apps(call: Call) -> Page:
    """List the apps, without certificates."""
    return service.page(container.agora_apps(call.org))


@routes.add("DELETE", "/v1/agora/apps/{app_id}", name="deleteAgoraApp", scope="agora:admin", returns=Deleted)
def delete_app(call: Call) -> Deleted:
    """Forget an app; warm functions may mint for it for up to 60 seconds more."""
    return service.delete(container.agora_apps(call.org), call.path("app_id"))


handler = lambda_api(routes, container)
