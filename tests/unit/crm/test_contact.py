"""What a pull makes of records: derived ids, versions and validators."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import is_id
from shared.crm.contact import Contact, changes, contact_id, id_prefix, merge
from shared.crm.source import SourceRecord

CONNECTION = "conn_01M7W17AX866F7ST7D84NKAPV8"
NOW = 1_795_161_600_000


def record(provider_id: str = "1", *, at: int = 100, archived: bool = False, **fields: str) -> SourceRecord:
    """A record changed at the provider at ``at``."""
    return SourceRecord(provider_id, fields, archived, at)


def pulled(found: SourceRecord, known: Contact | None = None, now: int = NOW) -> Contact | None:
    """The contact to store."""
    return merge(known, found, "hubspot", CONNECTION, now)


def first(found: SourceRecord) -> Contact:
    """The contact of a first pull."""
    made = pulled(found)
    assert made is not None
    return made


@given(st.text(min_size=1, max_size=64), st.text(min_size=1, max_size=64))
def test_the_same_record_always_has_the_same_id_within_its_connections_range(one: str, other: str) -> None:
    """Given provider ids, when derived, then stable, different, well shaped, and with the connection's prefix."""
    derived = contact_id(CONNECTION, one)

    assert derived == contact_id(CONNECTION, one)
    assert (derived == contact_id(CONNECTION, other)) == (one == other)
    assert is_id("cont", derived)
    assert derived.startswith(id_prefix(CONNECTION))
    assert not contact_id("conn_other", one).startswith(id_prefix(CONNECTION))


def test_a_new_record_is_version_one() -> None:
    """Given nothing known, when pulled, then version 1, made and changed now."""
    made = first(record("7", email="a@b.example"))

    assert (made.version, made.created_at, made.updated_at) == (1, NOW, NOW)
    assert (made.link.provider_id, made.link.updated_at) == ("7", 100)


def test_an_unchanged_record_changes_nothing() -> None:
    """Given the same content, when pulled again, even touched later, then there is nothing to store."""
    known = first(record(email="a@b.example"))

    assert pulled(record(email="a@b.example", at=200), known) is None


def test_a_changed_record_is_the_next_version() -> None:
    """Given other fields or an archived flag, when pulled again, then the next version, created when it was."""
    known = first(record(email="a@b.example", phone="1"))

    changed = pulled(record(email="c@d.example", at=200), known, NOW + 5)
    gone = pulled(record(email="a@b.example", phone="1", at=200, archived=True), known, NOW + 5)
    assert changed is not None
    assert gone is not None
    assert (changed.version, changed.fields, changed.link.updated_at) == (2, {"email": "c@d.example"}, 200)
    assert (changed.created_at, changed.updated_at) == (NOW, NOW + 5)
    assert (gone.version, gone.archived) == (2, True)


def test_an_older_state_never_replaces_a_newer_one() -> None:
    """Given a page fetched before ours and stored after it, when merged, then ours stays."""
    known = first(record(email="new@b.example", at=200))

    assert pulled(record(email="old@b.example", at=100), known) is None


def test_a_record_twice_on_a_page_is_stored_once_in_its_latest_state() -> None:
    """Given a page that shifted while it was read, when a record is on it twice, then one change, the latest."""
    page = [record("1", at=200, email="new@b.example"), record("2"), record("1", at=100, email="old@b.example")]

    found = changes({}, page, "hubspot", CONNECTION, NOW)

    assert [(c.contact.link.provider_id, dict(c.contact.fields), c.over) for c in found] == [
        ("1", {"email": "new@b.example"}, 0),
        ("2", {}, 0),
    ]


def test_a_change_names_the_version_it_replaces() -> None:
    """Given a known contact in its third version, when changed, then the write is conditional on that version."""
    known = replace(first(record("1", email="a@b.example")), version=3)

    (change,) = changes({known.id: known}, [record("1", at=200)], "hubspot", CONNECTION, NOW)

    assert (change.over, change.contact.version) == (3, 4)
