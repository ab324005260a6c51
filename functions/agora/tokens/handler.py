"""/v1/agora/tokens — mint and inspect Agora access tokens."""

import secrets

from functions.agora.tokens import service
from functions.agora.tokens.models import InspectedToken, InspectRequest, MintedToken, MintRequest
from shared.agora.access_token import MAX_SALT
from shared.core.http.routes import Call, Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

container = Container()
apps_of = container.agora_apps
routes = Routes("Agora")


@routes.add(
    "POST",
    "/v1/agora/tokens",
    name="mintAgoraToken",
    scope="agora:tokens",
    body=MintRequest,
    returns=MintedToken,
    status=201,
    audit=False,
)
def mint_token(call: Call) -> MintedToken:
    """Mint a token for one user in one channel."""
    salt = secrets.randbelow(MAX_SALT) + 1
    return service.mint(apps_of(call.org), call.body, now=call.now, salt=salt)


@routes.add(
    "POST",
    "/v1/agora/tokens/inspect",
    name="inspectAgoraToken",
    scope="agora:tokens",
    body=InspectRequest,
    returns=InspectedToken,
    audit=False,
)
def inspect_token(call: Call) -> InspectedToken:
    """Read a token: what it opens, until when, and whether an app of yours signed it."""
    return service.inspect(apps_of(call.org), call.body, now=call.now)


handler = lambda_api(routes, container)
