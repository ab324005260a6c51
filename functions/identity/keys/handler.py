"""/v1/api-keys — make, list and revoke the keys of an organization."""

from functions.identity.keys import service
from functions.identity.keys.models import CreatedKey, CreateKey, KeyView
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("API keys")


@routes.add(
    "POST",
    "/v1/api-keys",
    name="createApiKey",
    scope="identity:admin",
    body=CreateKey,
    returns=CreatedKey,
    status=201,
    idempotent=True,
    hide_on_replay=("key",),
)
def create_key(call: Call) -> CreatedKey:
    """Make a key. Its text is told this once."""
    store = container.api_keys(call.org)
    mode = container.organizations.mode(call.org)
    return service.create(store, call.caller, call.body, key_id=call.new_id("key"), mode=mode, now=call.now)


@routes.add(
    "GET", "/v1/api-keys", name="listApiKeys", scope="identity:admin", query=PageQuery, returns=KeyView, paged=True
)
def list_keys(call: Call) -> Page:
    """List the keys, oldest first, without their text."""
    return service.page(container.api_keys(call.org), call.query)


@routes.add("GET", "/v1/api-keys/{key_id}", name="getApiKey", scope="identity:admin", returns=KeyView)
def get_key(call: Call) -> KeyView:
    """Show one key, without its text."""
    return service.get(container.api_keys(call.org), call.path("key_id"))


@routes.add("DELETE", "/v1/api-keys/{key_id}", name="deleteApiKey", scope="identity:admin", returns=Deleted)
def delete_key(call: Call) -> Deleted:
    """Revoke a key; processes that have seen it honour it for up to 60 seconds."""
    return service.delete(container.api_keys(call.org), call.path("key_id"))


handler = lambda_api(routes, container)
