from hypothesis import given
from hypothesis import strategies as st

from shared.core import ids

moments = st.integers(0, 2**48 - 1)


@given(moments, moments)
def test_text_order_is_time_order(one: int, other: int) -> None:
    """Given two moments, when ids are made, then the earlier one's sorts first."""
    if one != other:
        assert (ids.new("evt", one) < ids.new("evt", other)) is (one < other)


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_derived_ids_are_equal_exactly_for_equal_parts(one: list[str], other: list[str]) -> None:
    """Given lists of parts, when ids are derived, then they are equal exactly where the lists are."""
    assert (ids.derived("msg", *one) == ids.derived("msg", *other)) is (one == other)


@given(st.text())
def test_every_id_has_the_shape_and_no_dot(part: str) -> None:
    """Given any part, when an id is derived, then it has the shape of one and never a dot."""
    made = ids.derived("dlv", part)

    assert ids.is_id("dlv", made)
    assert "." not in made
    assert not ids.is_id("msg", made)
