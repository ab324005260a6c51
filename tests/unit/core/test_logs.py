import json

import pytest

from shared.core.logs import Log, Logger


def test_a_field_that_is_not_listed_cannot_be_logged() -> None:
    """Given a logger, when a field outside the list is passed, then the call fails before anything is written."""
    lines: list[str] = []
    logger = Logger(write=lines.append)

    with pytest.raises(TypeError, match="not loggable: body"):
        logger.emit(Log.REQUEST_ANSWERED, body="secret")

    assert lines == []


def test_an_unexpected_error_is_told_without_its_message() -> None:
    """Given an error that quotes a secret, when it is logged, then its class and place are told, its message not."""
    lines: list[str] = []
    try:
        int("sb_live_secret")
    except ValueError as error:
        Logger(write=lines.append, clock=lambda: 0).crash(Log.REQUEST_CRASHED, error)

    line = json.loads(lines[0])
    assert (line["error_class"], "core/test_logs.py" in line["stack"]) == ("ValueError", True)
    assert "sb_live_secret" not in lines[0]


def test_codes_are_unique() -> None:
    """Given every log reference, then no two share a code: alarms and runbooks name them."""
    codes = [log.code for log in Log]

    assert len(codes) == len(set(codes))
