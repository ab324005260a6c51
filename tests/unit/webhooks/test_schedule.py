"""When a failed delivery is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.clock import HOUR, MINUTE, SECOND
from shared.webhooks.schedule import ASKED_CAP, ATTEMPTS, JITTER, SLOW_DOWN_FLOOR, WAITS, next_wait

chances = st.floats(min_value=0, max_value=1, exclude_max=True)
made = st.integers(min_value=1, max_value=ATTEMPTS - 1)
asked = st.none() | st.floats(min_value=0, allow_nan=False)


def test_the_schedule_is_the_specifications() -> None:
    """Given no jitter, then the waits are those of Standard Webhooks 1.0.0, 75.6 hours in all."""
    waits = [next_wait(n, 0.5) for n in range(1, ATTEMPTS)]

    assert waits == [
        *(5 * SECOND, 5 * MINUTE, 30 * MINUTE),
        *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
    ]
    assert round(sum(WAITS) / HOUR, 1) == 75.6


@given(st.integers(min_value=ATTEMPTS, max_value=1000), chances, asked)
def test_after_the_last_attempt_there_is_none(made: int, chance: float, asked_s: float | None) -> None:
    """Given all attempts made, whatever the endpoint asks for, then there is no next one."""
    assert next_wait(made, chance, slow_down=True, asked_s=asked_s) is None


@given(made, chances)
def test_a_wait_strays_at_most_a_fifth(made: int, chance: float) -> None:
    """Given any chance, then the wait is within 20 % of the schedule's."""
    wait = next_wait(made, chance)

    assert wait is not None
    assert abs(wait - WAITS[made]) <= WAITS[made] * JITTER + 1


@given(made=made, chance=chances, slow=st.booleans(), asked_s=asked)
def test_an_endpoint_can_only_lengthen_a_wait_and_by_an_hour_at_most(
    made: int, chance: float, *, slow: bool, asked_s: float | None
) -> None:
    """Given Retry-After or a slow-down, then the wait is never shorter, and never longer than it and an hour."""
    plain = next_wait(made, chance)
    wait = next_wait(made, chance, slow_down=slow, asked_s=asked_s)

    assert plain is not None
    assert wait is not None
    assert plain <= wait <= max(plain, ASKED_CAP)
    assert not slow or wait >= SLOW_DOWN_FLOOR


@pytest.mark.parametrize(
    ("asked_s", "wait"), [(0, 5 * SECOND), (3, 5 * SECOND), (90, 90 * SECOND), (86_400, HOUR), (None, 5 * SECOND)]
)
def test_retry_after_is_honoured_within_bounds(asked_s: float | None, wait: int) -> None:
    """Given what an endpoint asks for after its first failure, then it gets that, from five seconds to an hour."""
    assert next_wait(1, 0.5, asked_s=asked_s) == wait
