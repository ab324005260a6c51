"""Which events an endpoint gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agora.event_catalogue import EVENT_TYPES, event_type
from shared.webhooks.event_filter import objection, wanted

types = st.sampled_from(EVENT_TYPES)


@given(types, types)
def test_an_exact_filter_wants_its_type_only(one: str, other: str) -> None:
    """Given a filter that names a type, then it wants that type and no other."""
    assert wanted([one], other) == (one == other)


@given(types)
def test_no_filter_wants_everything(event: str) -> None:
    """Given no filter, then every type is wanted."""
    assert wanted([], event)


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ("agora.*", "agora.rtc.host_joined", True),
        ("agora.rtc.*", "agora.rtc.host_joined", True),
        ("agora.rtc.*", "agora.recording.error", False),
        ("agora.rtc.*", "agora.rtc", False),
        ("agora.rt.*", "agora.rtc.host_joined", False),
        ("agora.stt.event_7", "agora.stt.event_7", True),
    ],
)
def test_a_branch_wants_what_lies_below_it(pattern: str, event: str, *, matches: bool) -> None:
    """Given a branch, then whole segments decide, not letters."""
    assert wanted([pattern], event) is matches


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=0, max_value=10**6))
def test_every_event_that_can_come_can_be_asked_for(product: int, code: int) -> None:
    """Given any product and number of Agora's, listed or not, then its name is an acceptable filter."""
    assert objection(event_type(product, code), EVENT_TYPES) is None


@pytest.mark.parametrize(
    "pattern", ["", "*", ".", "agora..x", "agora.rtc.host_join", "stripe.*", "agora.*.x", "x" * 129]
)
def test_a_filter_that_cannot_match_is_objected_to(pattern: str) -> None:
    """Given a misspelt filter, then the objection is a sentence."""
    assert objection(pattern, EVENT_TYPES)
