"""The front door: the HTTP API every domain stack adds routes to, and the custom domain."""

import json

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.constructs.context import Place
from infra.constructs.signals import LIMITER_FAIL_OPEN, rings

# The route, never the path: a webhook path holds a source token.
ACCESS_LOG = {
    "at": "$context.requestTime",
    "request_id": "$context.requestId",
    "route": "$context.routeKey",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "integration_ms": "$context.integrationLatency",
    "integration_error": "$context.integrationErrorMessage",
}


class EdgeStack(Stack):
    """`api_id` is the HTTP API; `public_base_url` what callers see, without a trailing slash."""

    def __init__(self, scope: Construct, name: str, place: Place, **kwargs: object) -> None:
        super().__init__(scope, name, **kwargs)
        stage = place.stage
        api = apigateway.CfnApi(
            self,
            "http-api",
            name=place.name("api"),
            protocol_type="HTTP",
            # A custom domain is the only door once there is one.
            disable_execute_api_endpoint=stage.domain is not None,
        )
        log = logs.CfnLogGroup(
            self,
            "access-log",
            log_group_name=f"/aws/apigateway/{place.name('api')}",
            retention_in_days=stage.log_retention_days,
        )
        log.apply_removal_policy(RemovalPolicy.DESTROY)
        apigateway.CfnStage(
            self,
            "stage",
            api_id=api.ref,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.attr_arn, format=json.dumps(ACCESS_LOG)
            ),
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=True,
                # The account's default; written so that lowering it is an edit here.
                throttling_burst_limit=5000,
                throttling_rate_limit=10000,
            ),
        )
        # Every domain's functions count into it.
        rings(self, place, LIMITER_FAIL_OPEN)
        self.api_id = api.ref
        self.public_base_url = stage.base_urls.get(place.region) or api.attr_api_endpoint
        if stage.domain:
            self.public_base_url = f"https://{stage.domain.name}"
            self._domain(place, api)
        CfnOutput(self, "HttpApiId", value=api.ref)
        CfnOutput(self, "BaseUrl", value=self.public_base_url)

    def _domain(self, place: Place, api: apigateway.CfnApi) -> None:
        """The custom domain: its empty mapping is this API, whose routes carry /v1 themselves."""
        domain = place.stage.domain
        if domain is None:
            return
        made = apigateway.CfnDomainName(
            self,
            "domain",
            domain_name=domain.name,
            domain_name_configurations=[
                apigateway.CfnDomainName.DomainNameConfigurationProperty(
                    certificate_arn=domain.certificate_arns[place.region],
                    endpoint_type="REGIONAL",
                    security_policy="TLS_1_2",
                )
            ],
        )
        mapping = apigateway.CfnApiMapping(self, "root-mapping", api_id=api.ref, domain_name=made.ref, stage="$default")
        mapping.add_resource_dependency(made)
        if domain.hosted_zone_id:
            route53.CfnRecordSet(
                self,
                "latency-record",
                name=domain.name,
                type="A",
                hosted_zone_id=domain.hosted_zone_id,
                region=place.region,
                set_identifier=place.region,
                alias_target=route53.CfnRecordSet.AliasTargetProperty(
                    dns_name=made.attr_regional_domain_name,
                    hosted_zone_id=made.attr_regional_hosted_zone_id,
                ),
            )
