"""POST /v1/auth/token and GET /.well-known/jwks.json — exchange a key for a token; the keys tokens are signed with."""

from functions.identity.token import service
from functions.identity.token.models import TokenRequest, TokenView
from shared.core.http import envelope
from shared.core.http.routes import Call, Raw, Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("Authentication")


@routes.add(
    "POST",
    "/v1/auth/token",
    name="exchangeToken",
    authenticated=True,
    body=TokenRequest,
    returns=TokenView,
    status=201,
    audit=False,
)
def exchange_token(call: Call) -> TokenView:
    """Exchange the presented API key for an ES256 access token of at most 15 minutes."""
    issuer = container.config.public_base_url
    return service.exchange(call.body, call.caller, container.signing_keys, issuer=issuer, now=call.now)


@routes.add(
    "GET",
    "/.well-known/jwks.json",
    name="getJwks",
    public=True,
    raw=True,
    cache_control="public, max-age=300",
    media=("application/jwk-set+json",),
)
def get_jwks(_call: Call) -> Raw:
    """The public keys of access tokens (RFC 7517)."""
    return Raw(envelope.dump({"keys": container.verifying_keys.public()}), content_type="application/jwk-set+json")


handler = lambda_api(routes, container)
