from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import pagination
from shared.core.errors import Invalid


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=200), st.text())
def test_a_cursor_comes_back_as_it_went(sort_key: str, filters: str) -> None:
    """Given any sort key and filter, when a cursor is made and read, then the sort key is the same."""
    assert pagination.decode(pagination.encode(sort_key, filters), filters) == sort_key


@given(st.text(max_size=60))
def test_garbage_is_422_and_nothing_else(cursor: str) -> None:
    """Given any text, when read as a cursor, then it is refused with a pointer or is one of ours."""
    with suppress(Invalid):
        assert pagination.decode(cursor, "f")


def test_a_cursor_of_another_filter_is_refused() -> None:
    """Given a cursor made under one filter, when used under another, then it is refused."""
    with pytest.raises(Invalid):
        pagination.decode(pagination.encode("k", "a"), "b")
