"""One alarm, wired to the stage's topic."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.context import Place

# Silence is health: these metrics exist only while something happens.
_RULE: dict[str, str | int] = {
    "statistic": "Sum",
    "period": 60,
    "evaluation_periods": 1,
    "threshold": 0,
    "comparison_operator": "GreaterThanThreshold",
    "treat_missing_data": "notBreaching",
}


def alarm(
    scope: Construct,
    place: Place,
    name: str,
    *,
    says: str,
    metric: tuple[str, str],
    dimensions: dict[str, str],
    **rule: str | int,
) -> cloudwatch.CfnAlarm:
    """Ring when `metric` (namespace, name) exceeds zero in a minute; `says` names the runbook.

    `rule` replaces properties of that rule: see _RULE.
    """
    topic = place.alarm_topic
    return cloudwatch.CfnAlarm(
        scope,
        f"{name}-alarm",
        alarm_name=place.name(name),
        alarm_description=says,
        namespace=metric[0],
        metric_name=metric[1],
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name=key, value=value) for key, value in dimensions.items()],
        alarm_actions=[topic] if topic else None,
        ok_actions=[topic] if topic else None,
        **(_RULE | rule),
    )
