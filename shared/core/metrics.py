"""Metrics as CloudWatch embedded metric format lines: no client, no call, no cost in latency.

Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
Dimensions are stage, function and route only: each further one multiplies the bill.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from shared.core.clock import Clock, system
from shared.core.logs import to_stdout

NAMESPACE = "Switchboard"
_DIMENSIONS = ["stage", "function", "route"]


class Metric(Enum):
    """name, unit, sentence; the generated page ``docs/metrics.md`` lists them."""

    REQUESTS = ("Requests", "Count", "Requests answered")
    LATENCY = ("Latency", "Milliseconds", "Time from the event's arrival in the function to its answer")
    ERRORS = ("ServerErrors", "Count", "Answers with a status of 500 and above")
    REFUSALS = ("Refusals", "Count", "Answers with a status of 400 to 499")
    LIMITER_FAIL_OPEN = ("LimiterFailOpen", "Count", "Calls let through because the limiter's store failed")
    AUDIT_LOST = ("AuditLost", "Count", "Deeds whose audit entry is in the log only")
    CIRCUIT_OPENED = ("CircuitsOpened", "Count", "Parties that are left alone for a while after repeated failures")
    BREAKER_FAIL_OPEN = ("BreakerFailOpen", "Count", "Times the circuit breaker's store failed, and calls went on")
    WORK_DONE = ("WorkDone", "Count", "Claims that ended without an error of ours, finished or put off")
    WORK_FAILED = ("WorkFailed", "Count", "Work items that ran out of attempts")
    WORK_SWEPT = ("WorkSwept", "Count", "Work items that a queue or a worker had lost and the sweep found")
    ENQUEUE_FAILED = ("EnqueueFailed", "Count", "Sends that a queue did not take")
    DELIVERY_LATENCY = ("DeliveryLatency", "Milliseconds", "From acceptance of a message to a successful attempt")
    FIRST_TOKEN = ("FirstToken", "Milliseconds", "From a completion's arrival to its first content")

    def __init__(self, label: str, unit: str, sentence: str) -> None:
        """Spread the tuple over names."""
        self.label = label
        self.unit = unit
        self.sentence = sentence


@dataclass(frozen=True)
class Metrics:
    """Writes metric lines for one function."""

    stage: str = "unset"
    function: str = "unset"
    clock: Clock = system
    write: Callable[[str], None] = field(default=to_stdout)

    def put(self, values: dict[Metric, float], *, route: str = "-") -> None:
        """One line for all ``values``. ``route`` is a route's template or a work kind, never a path."""
        head = {
            "_aws": {
                "Timestamp": self.clock(),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [_DIMENSIONS],
                        "Metrics": [{"Name": m.label, "Unit": m.unit} for m in values],
                    }
                ],
            },
            "stage": self.stage,
            "function": self.function,
            "route": route,
        }
        self.write(json.dumps(head | {m.label: v for m, v in values.items()}, separators=(",", ":")))
