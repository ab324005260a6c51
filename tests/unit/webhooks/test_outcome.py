"""What an endpoint's answer means."""

import pytest

from shared.webhooks.outcome import Outcome, outcome_of


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (range(200, 300), Outcome.DELIVERED),
        ((410,), Outcome.GONE),
        ((429, 502, 504), Outcome.SLOW_DOWN),
        (set(range(100, 600)) - set(range(200, 300)) - {410, 429, 502, 504}, Outcome.FAILED),
    ],
)
def test_a_status_has_one_meaning(statuses: set[int], outcome: Outcome) -> None:
    """Given every status there is, then only 2xx delivers, only 410 disables, and 429, 502, 504 slow down."""
    assert {outcome_of(status) for status in statuses} == {outcome}
