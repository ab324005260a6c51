"""Routes of the HTTP API for one function: one integration, one invoke permission."""

from aws_cdk import Aws
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.context import Place
from infra.constructs.function import Fn
from infra.constructs.nag import accept


def route_keys(prefixes: tuple[str, ...], routes: tuple[str, ...]) -> list[str]:
    """`ANY <prefix>` and everything below it, for each prefix; routes as they are."""
    keys = [f"ANY {prefix}{rest}" for prefix in prefixes for rest in ("", "/{proxy+}")]
    return [*keys, *routes]


def http_routes(scope: Construct, place: Place, fn: Fn, api_id: str) -> None:
    """Put a function's routes on the region's HTTP API."""
    keys = route_keys(fn.spec.prefixes, fn.spec.routes)
    if not keys:
        return
    integration = apigateway.CfnIntegration(
        scope,
        "integration",
        api_id=api_id,
        integration_type="AWS_PROXY",
        integration_uri=fn.entry.function_arn,
        payload_format_version="2.0",
    )
    lambda_.CfnPermission(
        scope,
        "invoked-by-api",
        action="lambda:InvokeFunction",
        function_name=fn.entry.function_arn,
        principal="apigateway.amazonaws.com",
        source_arn=(f"arn:{Aws.PARTITION}:execute-api:{place.region}:{Aws.ACCOUNT_ID}:{api_id}/*"),
    )
    for key in keys:
        name = "route-" + key.replace("/{proxy+}", "-below").replace("/", "-").replace(" ", "")
        route = apigateway.CfnRoute(
            scope,
            name,
            api_id=api_id,
            route_key=key,
            target=f"integrations/{integration.ref}",
            authorization_type="NONE",
        )
        accept(
            route,
            "AwsSolutions-APIG4",
            "The function authenticates: one code path on AWS and locally, refusals in our "
            "envelope, no cached answer that skips a scope.",
        )
