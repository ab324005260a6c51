"""What SECURITY.md and the runbooks say rings, rings: answers of 5xx, lost or unexpected things, a silent sweep."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from infra import names
from infra.constructs.signals import ERROR_LINES, LIMITER_FAIL_OPEN, SERVER_ERRORS, Signal
from infra.functions import FUNCTIONS
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from tests.infra.conftest import HOME, SECOND, Template, Templates, everywhere, resources

_ONE_TERM = re.compile(r'\$\.(\w+) (=|!=|>=) "?([^" ]+)"?')
_COMPARE: dict[str, Callable[[Any, str], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "!=": lambda found, wanted: found != wanted,
    ">=": lambda found, wanted: isinstance(found, int | float) and found >= float(wanted),
}


def _matches(signal: Signal, line: str) -> bool:
    """Whether CloudWatch Logs would count the line: every term, joined by &&, holds."""
    said = json.loads(line)
    terms = signal.pattern.strip("{ }").split(" && ")
    parsed = [_ONE_TERM.fullmatch(term) for term in terms]
    return all(m is not None and m[1] in said and _COMPARE[m[2]](said[m[1]], m[3]) for m in parsed)


def _lines() -> dict[str, str]:
    """What functions really write, by what it tells."""
    written: list[str] = []
    metrics = Metrics("prod", "webhooks/manage", lambda: 0, written.append)
    logger = Logger("prod", "webhooks/manage", "ERROR", lambda: 0, written.append)
    metrics.put({Metric.REQUESTS: 1, Metric.LATENCY: 3, Metric.ERRORS: 1}, route="/v1/webhooks")
    metrics.put({Metric.REQUESTS: 1, Metric.LATENCY: 3, Metric.REFUSALS: 1}, route="/v1/webhooks")
    metrics.put({Metric.LIMITER_FAIL_OPEN: 1}, route="/v1/webhooks")
    logger.crash(Log.REQUEST_CRASHED, ValueError(), route="/v1/webhooks")
    logger.emit(Log.LIMITER_UNAVAILABLE, route="/v1/webhooks")
    Logger("prod", "webhooks/manage", "INFO", lambda: 0, written.append).emit(Log.LIMIT_REFUSED)
    return dict(zip(("5xx", "4xx", "fail open", "crash", "limiter down", "warning"), written, strict=True))


@pytest.mark.parametrize(
    ("signal", "counted"),
    [(SERVER_ERRORS, ["5xx"]), (LIMITER_FAIL_OPEN, ["fail open"]), (ERROR_LINES, ["crash"])],
    ids=lambda value: getattr(value, "metric", ""),
)
def test_a_signal_counts_the_lines_it_is_named_for(signal: Signal, counted: list[str]) -> None:
    assert [name for name, line in _lines().items() if _matches(signal, line)] == counted


def _filters(template: Template) -> set[tuple[str, str]]:
    """(log group, pattern) of every metric filter."""
    groups = {f"{name}": p.get("LogGroupName") for name, p in resources(template, "AWS::Logs::LogGroup").items()}
    found = resources(template, "AWS::Logs::MetricFilter").values()
    return {(groups[p["LogGroupName"]["Ref"]], p["FilterPattern"]) for p in found}


@pytest.mark.parametrize("domain", names.DOMAINS[3:])
def test_every_log_group_is_counted_for_what_its_function_can_write(templates: Templates, domain: str) -> None:
    expected = set()
    for spec in (f for f in FUNCTIONS if f.domain == domain):
        group = f"/aws/lambda/{names.function('prod', spec.path)}"
        expected.add((group, ERROR_LINES.pattern))
        if spec.prefixes or spec.routes or spec.streaming:
            expected.add((group, SERVER_ERRORS.pattern))
            # Unknown routes are answered without a caller to count.
            if spec.path != "platform/fallback":
                expected.add((group, LIMITER_FAIL_OPEN.pattern))

    assert _filters(templates[names.stack("prod", HOME, domain)]) == expected


@pytest.mark.parametrize("region", [HOME, SECOND])
def test_what_is_counted_rings_once_and_what_rings_is_counted(templates: Templates, region: str) -> None:
    counted = {
        (t["MetricNamespace"], t["MetricName"])
        for _where, p in everywhere(templates, "AWS::Logs::MetricFilter", region)
        for t in p["MetricTransformations"]
    }
    watched = [
        (p["Namespace"], p["MetricName"])
        for _where, p in everywhere(templates, "AWS::CloudWatch::Alarm", region)
        if p["Namespace"].startswith("Switchboard") and p["AlarmActions"] and p["Statistic"] == "Sum"
    ]

    assert sorted(watched) == sorted(counted)
    assert ("Switchboard/prod", "LimiterFailOpen") in counted
    assert {(f"Switchboard/prod/{domain}", "ServerErrors") for domain in names.DOMAINS[3:]} < counted


def _alarm(templates: Templates, name: str) -> dict[str, Any]:
    found = everywhere(templates, "AWS::CloudWatch::Alarm")
    return next(p for _where, p in found if p["AlarmName"] == f"switchboard-prod-{name}")


def test_a_limiter_that_fails_open_rings_in_the_minute_it_does(templates: Templates) -> None:
    rule = _alarm(templates, "limiter-fail-open")

    assert (rule["Threshold"], rule["Period"], rule["EvaluationPeriods"]) == (0, 60, 1)
    assert rule["ComparisonOperator"] == "GreaterThanThreshold"


def test_server_errors_ring_when_they_last(templates: Templates) -> None:
    rule = _alarm(templates, "llm-server-errors")

    assert (rule["DatapointsToAlarm"], rule["EvaluationPeriods"], rule["Period"]) == (3, 5, 60)


def test_a_sweep_that_stops_rings_since_silence_is_its_failure(templates: Templates) -> None:
    rule = _alarm(templates, "platform-sweep-silent")

    assert (rule["Namespace"], rule["MetricName"], rule["Statistic"]) == ("AWS/Lambda", "Invocations", "Sum")
    assert rule["Dimensions"] == [{"Name": "FunctionName", "Value": "switchboard-prod-platform-sweep"}]
    assert (rule["ComparisonOperator"], rule["Threshold"]) == ("LessThanThreshold", 1)
    assert rule["TreatMissingData"] == "breaching"
    assert rule["AlarmActions"]


def test_only_the_silent_sweep_takes_missing_data_for_a_fault(templates: Templates) -> None:
    found = everywhere(templates, "AWS::CloudWatch::Alarm")

    breaching = [p["AlarmName"] for _where, p in found if p["TreatMissingData"] != "notBreaching"]
    assert breaching == ["switchboard-prod-platform-sweep-silent"]
