"""Text from a path or a cursor becomes a key only if it has the shape of an id: DynamoDB refuses 1 025 bytes."""

from typing import Any

import pytest

from functions.crm.connections import service as connections
from functions.crm.contacts import service as contacts
from shared.core.errors import NotFound
from shared.crm.pull import Order


class Untouchable:
    """A repository that fails the test when it is asked."""

    def __getattr__(self, name: str) -> Any:
        pytest.fail(f"{name} was called")


@pytest.mark.parametrize("text", ["", "x", "cont_", "conn_" + "0" * 25, "conn_" + "0" * 27, "é" * 31, "x" * 1025])
def test_what_is_no_id_is_missing_without_a_read(text: str) -> None:
    """Given text that cannot be an id, when asked for, then 404, and no store was asked."""
    store: Any = Untouchable()
    for call in (
        lambda: contacts.get(store, text),
        lambda: connections.get(store, store, text),
        lambda: connections.delete(store, store, text),
        lambda: connections.sync(store, store, text, Order("a", "r", 0)),
    ):
        with pytest.raises(NotFound):
            call()
