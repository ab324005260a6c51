"""The REST API in STREAM mode: HTTP APIs answer only when the whole body is there."""

import hashlib
import json

from aws_cdk import Aws, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.context import Place
from infra.constructs.function import Fn
from infra.constructs.nag import accept

_ACCESS_LOG = {
    "at": "$context.requestTime",
    "request_id": "$context.requestId",
    "route": "$context.resourcePath",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
}


def _digest(resolved: object) -> str:
    """Eight hex digits of what the resolved properties say."""
    return hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()[:8]


class StreamingApi(Construct):
    """Everything under `/` goes to one function, whose bytes are passed on as they come."""

    def __init__(self, scope: Construct, place: Place, fn: Fn) -> None:
        super().__init__(scope, "streaming-api")
        stage = place.stage
        api = apigateway.CfnRestApi(
            self,
            "api",
            name=place.name("llm"),
            endpoint_configuration=apigateway.CfnRestApi.EndpointConfigurationProperty(types=["REGIONAL"]),
            disable_execute_api_endpoint=stage.domain is not None,
        )
        accept(
            api,
            "AwsSolutions-APIG2",
            "The function validates: OpenAI-compatible routes answer in that standard's errors.",
        )
        below = apigateway.CfnResource(
            self,
            "below",
            rest_api_id=api.ref,
            parent_id=api.attr_root_resource_id,
            path_part="{proxy+}",
        )
        integration = apigateway.CfnMethod.IntegrationProperty(
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=(
                f"arn:{Aws.PARTITION}:apigateway:{place.region}:lambda:path/2021-11-15/functions/"
                f"{fn.entry.function_arn}/response-streaming-invocations"
            ),
            response_transfer_mode="STREAM",
            timeout_in_millis=fn.spec.timeout_s * 1000,
        )
        settings = {"http_method": "ANY", "authorization_type": "NONE", "integration": integration}
        method = apigateway.CfnMethod(self, "any", rest_api_id=api.ref, resource_id=below.ref, **settings)
        for rule in ("AwsSolutions-APIG4", "AwsSolutions-COG4"):
            accept(
                method,
                rule,
                "The function authenticates with the same API keys as every route.",
            )
        lambda_.CfnPermission(
            self,
            "invoked-by-api",
            action="lambda:InvokeFunction",
            function_name=fn.entry.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=f"arn:{Aws.PARTITION}:execute-api:{place.region}:{Aws.ACCOUNT_ID}:{api.ref}/*",
        )
        # A deployment is a snapshot: CloudFormation takes another, and moves the stage to it, only for a new id.
        taken = _digest(Stack.of(self).resolve([below.path_part, settings]))
        deployment = apigateway.CfnDeployment(self, f"deployment-{taken}", rest_api_id=api.ref)
        deployment.add_resource_dependency(method)
        log = logs.CfnLogGroup(
            self,
            "access-log",
            log_group_name=f"/aws/apigateway/{place.name('llm')}",
            retention_in_days=stage.log_retention_days,
        )
        log.apply_removal_policy(RemovalPolicy.DESTROY)
        live = apigateway.CfnStage(
            self,
            "stage",
            rest_api_id=api.ref,
            deployment_id=deployment.ref,
            stage_name="live",
            tracing_enabled=True,
            access_log_setting=apigateway.CfnStage.AccessLogSettingProperty(
                destination_arn=log.attr_arn, format=json.dumps(_ACCESS_LOG)
            ),
            method_settings=[
                apigateway.CfnStage.MethodSettingProperty(
                    http_method="*",
                    resource_path="/*",
                    logging_level="ERROR",
                    data_trace_enabled=False,  # bodies are prompts
                    metrics_enabled=True,
                )
            ],
        )
        accept(
            live,
            "AwsSolutions-APIG3",
            "WAF does not inspect streamed answers and costs more than an idle region; it comes "
            "with the optional CloudFront front (docs/adr).",
        )
        live.add_resource_dependency(self._logging_role())
        if stage.domain:
            mapping = apigatewayv2.CfnApiMapping(
                self,
                "llm-mapping",
                api_id=api.ref,
                api_mapping_key="llm",
                domain_name=stage.domain.name,
                stage=live.ref,
            )
            mapping.add_resource_dependency(live)
        base = f"https://{api.ref}.execute-api.{place.region}.{Aws.URL_SUFFIX}/live"
        public = f"https://{stage.domain.name}/llm" if stage.domain else base
        CfnOutput(self, "LlmBaseUrl", value=f"{public}/v1").override_logical_id("LlmBaseUrl")

    def _logging_role(self) -> apigateway.CfnAccount:
        """REST APIs log through a role that the account sets once per region."""
        policy = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        role = iam.Role(
            self,
            "logging",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(policy)],
        )
        accept(
            role,
            "AwsSolutions-IAM4",
            "API Gateway accepts for an account's logging only what this AWS policy grants.",
            findings=(f"Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}",),
        )
        account = apigateway.CfnAccount(self, "account", cloud_watch_role_arn=role.role_arn)
        account.apply_removal_policy(RemovalPolicy.RETAIN)
        return account
