import pytest

from shared.core import ids
from shared.core.errors import IdempotencyInFlight, IdempotencyMismatch
from shared.core.http.request import Request
from shared.core.idempotency import Existing, StoredAnswer, replayable, slot_for
from shared.core.scope import stored_scope

ORG = stored_scope("org_1")
ASKED = Request("POST", "/v1/connections/conn_1/sync", {}, body=b"{}")
SLOT = slot_for(ORG, "sync", "k", ASKED)


@pytest.mark.parametrize(
    "other",
    [
        Request("POST", "/v1/connections/conn_2/sync", {}, body=b"{}"),
        Request("PUT", "/v1/connections/conn_1/sync", {}, body=b"{}"),
        Request("POST", "/v1/connections/conn_1/sync", {}, body=b""),
    ],
)
def test_a_key_belongs_to_method_path_and_body(other: Request) -> None:
    """Given a stored answer, when the key comes with another method, resource or body, then it is a mismatch."""
    slot = slot_for(ORG, "sync", "k", other)

    assert slot.id == SLOT.id
    with pytest.raises(IdempotencyMismatch):
        replayable(Existing(SLOT.fingerprint, 0, StoredAnswer(202, b"")), slot)


def test_keys_of_other_organizations_and_operations_are_other_slots() -> None:
    """Given one key, when two organizations or two operations use it, then they never meet."""
    slots = {slot_for(stored_scope(o), op, "k", ASKED).id for o in ("org_1", "org_2") for op in ("sync", "create")}

    assert len(slots) == 4


def test_an_answer_that_is_not_there_yet_is_waited_for() -> None:
    """Given a first request still running, when repeated, then 409 with Retry-After."""
    with pytest.raises(IdempotencyInFlight) as told:
        replayable(Existing(SLOT.fingerprint, 0, None), SLOT)

    assert told.value.headers == {"Retry-After": "1"}


def test_ids_of_one_slot_are_the_same_for_every_try_and_in_order_of_time() -> None:
    """Given a slot's moment and seed, when ids are made, then repeatable, per prefix, ordered like fresh ones."""
    seed = ids.seed()

    assert ids.seeded("key", 5, seed) == ids.seeded("key", 5, seed)
    assert ids.seeded("key", 5, seed)[4:] != ids.seeded("src", 5, seed)[4:]
    assert ids.new("key", 4) < ids.seeded("key", 5, seed) < ids.new("key", 6)
