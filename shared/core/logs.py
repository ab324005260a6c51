"""Structured logs as an interface: every line is a member of :class:`Log`, every field is on a list.

A line is JSON: ``{ts, level, log, msg, stage, function, …fields}``. A field outside :data:`FIELDS` raises at
the call, in tests long before production: bodies, tokens, e-mail addresses and phone numbers have no field.
"""

import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from shared.core.clock import Clock, rfc3339, system

FIELDS = frozenset(
    {
        "attempt",
        "circuit",
        "code",
        "count",
        "dedupe",
        "delivery_id",
        "due_at",
        "duration_ms",
        "endpoint_id",
        "error_class",
        "event_id",
        "kind",
        "method",
        "model",
        "next_at",
        "operation",
        "org",
        "principal",
        "provider",
        "queue",
        "reason",
        "region",
        "request_id",
        "route",
        "source_id",
        "stack",
        "status",
        "table",
        "target",
        "traceparent",
        "ttft_ms",
        "work_id",
    }
)
"""Everything a line may say besides its head."""


class Log(Enum):
    """code, level, sentence. Codes are stable: alarms and runbooks name them."""

    REQUEST_ANSWERED = ("SB1001", "INFO", "A request was answered")
    REQUEST_CRASHED = ("SB1002", "ERROR", "A request met an error nobody expected")
    CREDENTIAL_REFUSED = ("SB1101", "WARNING", "A credential was refused")
    LIMIT_REFUSED = ("SB1201", "WARNING", "A rate limit was reached")
    LIMITER_UNAVAILABLE = ("SB1202", "ERROR", "The limiter's store failed, the call was let through")
    AUDIT_LOST = ("SB1301", "ERROR", "A deed was done and its entry could not be chained: this line is the entry")
    IDEMPOTENCY_LOST = ("SB1401", "ERROR", "An answer could not be stored for replay")
    WORK_ENQUEUE_FAILED = ("SB2002", "WARNING", "The queue did not take work, the sweep will")
    WORK_CLAIMED = ("SB2003", "INFO", "Work was claimed")
    WORK_NOT_CLAIMABLE = ("SB2004", "INFO", "Work was already taken, not yet due, or done")
    WORK_FINISHED = ("SB2005", "INFO", "Work was finished")
    WORK_RESCHEDULED = ("SB2006", "INFO", "Work was put off")
    WORK_EXHAUSTED = ("SB2007", "WARNING", "Work ran out of attempts")
    WORK_CRASHED = ("SB2008", "ERROR", "Work met an error nobody expected")
    WORK_LEASE_LOST = ("SB2009", "WARNING", "Another worker took the work over meanwhile")
    WORK_PARKED = ("SB2010", "ERROR", "Work killed one worker after the other and is parked")
    CIRCUIT_CHANGED = ("SB2201", "WARNING", "A circuit to another party opened, let a probe through, or closed")
    BREAKER_UNAVAILABLE = ("SB2202", "ERROR", "The circuit breaker's store failed, calls are let through")
    SWEEP_DONE = ("SB2101", "INFO", "The sweep has looked for overdue work")
    HOOK_ACCEPTED = ("SB3001", "INFO", "An inbound notification was accepted")
    HOOK_REFUSED = ("SB3002", "WARNING", "An inbound notification was refused")
    DELIVERY_ATTEMPTED = ("SB3101", "INFO", "A delivery was attempted")
    LLM_ANSWERED = ("SB4001", "INFO", "A completion was answered")
    LLM_FAILED = ("SB4002", "WARNING", "A completion failed")
    LLM_USAGE_LOST = ("SB4003", "ERROR", "A usage record could not be kept")
    CRM_PAGE_PULLED = ("SB5001", "INFO", "A page of records was pulled")
    CRM_SYNC_FAILED = ("SB5002", "WARNING", "A pull of records failed")
    HEALTH_FAILED = ("SB6001", "ERROR", "A dependency is missing or down")

    def __init__(self, code: str, level: str, sentence: str) -> None:
        """Spread the tuple over names."""
        self.code = code
        self.level = level
        self.sentence = sentence


def to_stdout(line: str) -> None:
    """Where Lambda picks lines up."""
    sys.stdout.write(line + "\n")


_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}

Loggable = str | int | float | bool | None


@dataclass(frozen=True)
class Logger:
    """Writes lines for one function. ``write`` takes a finished line: stdout in production."""

    stage: str = "unset"
    function: str = "unset"
    level: str = "INFO"
    clock: Clock = system
    write: Callable[[str], None] = field(default=to_stdout)

    def emit(self, log: Log, **fields: Loggable) -> None:
        """One line. Raises ``TypeError`` for a field that is not in :data:`FIELDS`; None values are left out."""
        unknown = fields.keys() - FIELDS
        if unknown:
            message = f"not loggable: {', '.join(sorted(unknown))}"
            raise TypeError(message)
        if _LEVELS[log.level] < _LEVELS.get(self.level, 20):
            return
        head = {
            "ts": rfc3339(self.clock()),
            "level": log.level,
            "log": log.code,
            "msg": log.sentence,
            "stage": self.stage,
            "function": self.function,
        }
        self.write(json.dumps(head | {k: v for k, v in fields.items() if v is not None}, separators=(",", ":")))

    def crash(self, log: Log, error: BaseException, **fields: Loggable) -> None:
        """An unexpected error: its class and where it was raised, never its message (it may quote a value)."""
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        stack = " < ".join(f"{'/'.join(f.filename.split('/')[-2:])}:{f.lineno}" for f in reversed(frames))
        self.emit(log, error_class=type(error).__name__, stack=stack, **fields)
