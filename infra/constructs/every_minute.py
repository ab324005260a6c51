"""EventBridge Scheduler calling one function each minute, and the alarm for the minutes in which it did not."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.constructs.alarm import alarm
from infra.constructs.context import Place
from infra.constructs.function import Fn


def every_minute(scope: Construct, place: Place, fn: Fn) -> None:
    """A missed minute is not made up for: the next one does the same work."""
    name = place.name(fn.spec.path.replace("/", "-"))
    arn = fn.entry.function_arn
    role = iam.Role(
        scope,
        "scheduler",
        role_name=f"{name}-scheduler-{place.region}",
        assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"),
        inline_policies={
            "invoke": iam.PolicyDocument(
                statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[arn])]
            )
        },
    )
    scheduler.CfnSchedule(
        scope,
        "schedule",
        name=name,
        schedule_expression="rate(1 minute)",
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=arn,
            role_arn=role.role_arn,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=0),
        ),
    )
    # Here silence is the fault: nothing else notices a schedule that is off or may not invoke.
    alarm(
        scope,
        place,
        f"{fn.spec.path.replace('/', '-')}-silent",
        says=f"functions/{fn.spec.path} has not run for three minutes: see docs/runbooks/sweep.md",
        metric=("AWS/Lambda", "Invocations"),
        dimensions={"FunctionName": name},
        threshold=1,
        comparison_operator="LessThanThreshold",
        evaluation_periods=3,
        treat_missing_data="breaching",
    )
