"""A Lambda function: own role with the grants of infra/functions.py, layers, log, trace, alarm."""

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import bundling, names
from infra.constructs import grants
from infra.constructs.alarm import alarm
from infra.constructs.context import Place
from infra.constructs.nag import accept
from infra.constructs.signals import count_lines
from infra.functions import Function

# Where the Lambda Web Adapter starts a streaming app, and what it waits for.
_STREAMING = {
    "AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap",
    "AWS_LWA_INVOKE_MODE": "response_stream",
    "AWS_LWA_PORT": "8080",
    "AWS_LWA_READINESS_CHECK_PATH": "/ready",
}


def asset(archive: Path) -> lambda_.Code:
    """A bundled zip under the hash in its name, so CDK reads and hashes nothing again."""
    return lambda_.Code.from_asset(str(archive), asset_hash=archive.stem.rpartition("-")[2])


@dataclass(frozen=True)
class Layers:
    """One stack's layer versions; an ARN is never exported to another stack."""

    deps: lambda_.ILayerVersion
    shared: lambda_.ILayerVersion
    # Only where the stack has a streaming function: the ASGI server, and the adapter on AWS.
    streaming: tuple[lambda_.ILayerVersion, ...] = ()

    @classmethod
    def of(cls, scope: Construct, place: Place, *, streaming: bool) -> "Layers":
        """The layers for one stack."""

        def layer(name: str, archive: Path) -> lambda_.LayerVersion:
            return lambda_.LayerVersion(
                scope,
                f"layer-{name}",
                code=asset(archive),
                compatible_architectures=[lambda_.Architecture.ARM_64],
                compatible_runtimes=[lambda_.Runtime.PYTHON_3_14],
            )

        extra: list[lambda_.ILayerVersion] = []
        if streaming:
            extra.append(layer("asgi", bundling.dependencies("asgi", place.target)))
        if streaming and not place.stage.emulated:
            arn = place.stage.web_adapter_layer.format(region=place.region)
            extra.append(lambda_.LayerVersion.from_layer_version_arn(scope, "web-adapter", arn))
        return cls(
            deps=layer("deps", bundling.dependencies("deps", place.target)),
            shared=layer("shared", bundling.shared(place.target)),
            streaming=tuple(extra),
        )


class Fn(Construct):
    """The function of one folder, its role, log group and alarm.

    `entry` is what callers invoke: the alias `live` of a hot function, otherwise the
    function itself.
    """

    def __init__(
        self,
        scope: Construct,
        place: Place,
        spec: Function,
        *,
        layers: Layers,
        public_base_url: str | None,
        key_arn: str | None,
    ) -> None:
        super().__init__(scope, spec.path.replace("/", "-"))
        self._place = place
        self._name = names.function(place.stage.name, spec.path)
        self.spec = spec
        log = logs.CfnLogGroup(
            self,
            "log",
            log_group_name=f"/aws/lambda/{self._name}",
            retention_in_days=place.stage.log_retention_days,
        )
        log.apply_removal_policy(RemovalPolicy.DESTROY)
        count_lines(self, place, spec, log)
        variables = {
            "STAGE": place.stage.name,
            "FUNCTION": spec.path,
            "LOG_LEVEL": place.stage.log_level,
            **({"PUBLIC_BASE_URL": public_base_url} if public_base_url else {}),
            **(_STREAMING if spec.streaming else {}),
            **grants.environment(place, spec, key_arn),
        }
        module = f"functions.{spec.path.replace('/', '.')}.handler"
        self.function = lambda_.Function(
            self,
            "function",
            function_name=self._name,
            description=f"functions/{spec.path}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="run.sh" if spec.streaming else f"{module}.handler",
            code=asset(bundling.function(spec.path, place.target)),
            layers=[layers.deps, layers.shared, *(layers.streaming if spec.streaming else ())],
            # Its policy is written below, whole; nothing may add to it behind our back.
            role=self._role(key_arn).without_policy_updates(),
            environment=variables,
            memory_size=spec.memory_mb,
            timeout=Duration.seconds(spec.timeout_s),
            tracing=lambda_.Tracing.ACTIVE,
        )
        self.function.node.add_dependency(log)
        self.entry: lambda_.IFunction = self._live() if spec.hot else self.function
        alarm(
            self,
            place,
            f"{spec.path.replace('/', '-')}-errors",
            says=f"functions/{spec.path} fails: see docs/runbooks/function-errors.md",
            metric=("AWS/Lambda", "Errors"),
            dimensions={"FunctionName": self._name},
        )

    def _role(self, key_arn: str | None) -> iam.Role:
        statements = grants.statements(self._place, self._name, self.spec, key_arn)
        role = iam.Role(
            self,
            "role",
            role_name=f"{self._name}-{self._place.region}",
            assumed_by=self._assumed_by(),
            inline_policies={"grants": iam.PolicyDocument(statements=statements)},
        )
        own_log = f"/aws/lambda/{self._name}:*"
        account = f"logs:{self._place.region}:<AWS::AccountId>:log-group:"
        accept(
            role,
            "AwsSolutions-IAM5",
            "Log streams have no names beforehand: the wildcard stands below the function's own "
            "log group. Trace segments belong to no resource that a policy could name.",
            findings=("Resource::*", f"Resource::arn:<AWS::Partition>:{account}{own_log}"),
        )
        return role

    def _assumed_by(self) -> iam.IPrincipal:
        """Lambda; and in the emulator the account, where a streaming app runs beside it under its role."""
        service = iam.ServicePrincipal("lambda.amazonaws.com")
        if self._place.stage.emulated and self.spec.streaming:
            return iam.CompositePrincipal(service, iam.AccountRootPrincipal())
        return service

    def _live(self) -> lambda_.Alias:
        """The alias callers use, moved at once, or by canary where the stage asks for it."""
        alias = lambda_.Alias(self, "live", alias_name="live", version=self.function.current_version)
        if self._place.stage.canary:
            failing = cloudwatch.Alarm(
                self,
                "canary-errors",
                alarm_name=f"{self._name}-canary",
                alarm_description="The new version fails and is taken back: see docs/runbooks/function-errors.md",
                metric=alias.metric_errors(period=Duration.minutes(1)),
                threshold=1,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            group = codedeploy.LambdaDeploymentGroup(
                self,
                "canary",
                alias=alias,
                deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
                alarms=[failing],
            )
            policy = "service-role/AWSCodeDeployRoleForLambdaLimited"
            accept(
                group,
                "AwsSolutions-IAM4",
                "CodeDeploy's own policy for moving Lambda aliases; a copy would miss what AWS adds to it.",
                findings=(f"Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}",),
            )
        return alias
