"""Alarms on what functions write about themselves.

A 500 is an answer, so Lambda's own `Errors` never sees it, and the metrics in the lines carry a dimension per route,
over which no alarm can sum. A metric filter counts the lines of a log group instead, all functions of a domain (or of
the region) into one metric. Filters cost nothing, a counted metric nothing while nothing happens.
"""

from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.alarm import alarm
from infra.constructs.context import Place
from infra.functions import Function

_NAMESPACE = "Switchboard"  # as in shared/core/metrics.py


@dataclass(frozen=True)
class Signal:
    """Lines worth waking somebody for. `metric` is counted by `pattern`, CloudWatch Logs' own notation."""

    metric: str
    pattern: str
    alarm: str
    says: str
    # Rings when counted in so many of the last so many minutes.
    minutes: tuple[int, int] = (1, 1)
    # One metric and alarm for the region; otherwise one per domain.
    regional: bool = False

    def namespace(self, place: Place, domain: str) -> str:
        """Where the count is kept."""
        stage = f"{_NAMESPACE}/{place.stage.name}"
        return stage if self.regional else f"{stage}/{domain}"


# Level ERROR is for what nobody expected and for what was lost: shared/core/logs.py. SB1202, the limiter's, has an
# alarm of its own below.
ERROR_LINES = Signal(
    "ErrorLines",
    '{ $.level = "ERROR" && $.log != "SB1202" }',
    "error-lines",
    "an ERROR was logged: see docs/runbooks/error-lines.md",
)
# Any 5xx, also a provider's outage passed on: one is no reason to get up, three minutes of them are.
SERVER_ERRORS = Signal(
    "ServerErrors",
    "{ $.ServerErrors >= 1 }",
    "server-errors",
    "answers with 5xx: see docs/runbooks/server-errors.md",
    minutes=(3, 5),
)
LIMITER_FAIL_OPEN = Signal(
    "LimiterFailOpen",
    "{ $.LimiterFailOpen >= 1 }",
    "limiter-fail-open",
    "the limiter lets calls through: see docs/runbooks/limiter.md",
    regional=True,
)


def written_by(spec: Function) -> list[Signal]:
    """The signals that a function's log can hold."""
    found = [ERROR_LINES]
    if spec.answers:
        found.append(SERVER_ERRORS)
    if spec.answers and "limits" in spec.tables:
        found.append(LIMITER_FAIL_OPEN)
    return found


def count_lines(scope: Construct, place: Place, spec: Function, log: logs.CfnLogGroup) -> None:
    """Count every signal of one function's log group."""
    for signal in written_by(spec):
        logs.CfnMetricFilter(
            scope,
            f"counts-{signal.alarm}",
            log_group_name=log.ref,
            filter_pattern=signal.pattern,
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=signal.namespace(place, spec.domain),
                    metric_name=signal.metric,
                    metric_value="1",
                )
            ],
        )


def rings(scope: Construct, place: Place, signal: Signal, domain: str = "") -> None:
    """The alarm of one signal: of `domain`, or of the region."""
    needed, of = signal.minutes
    alarm(
        scope,
        place,
        signal.alarm if signal.regional else f"{domain}-{signal.alarm}",
        says=signal.says if signal.regional else f"{domain}: {signal.says}",
        metric=(signal.namespace(place, domain), signal.metric),
        dimensions={},
        datapoints_to_alarm=needed,
        evaluation_periods=of,
    )
