"""Field maps are data, read by one engine."""

import json

from functions.crm.contacts.models import ContactView
from shared.crm.fields import HUBSPOT_CONTACT, MAX_CHARACTERS, FieldRule, read


def test_properties_become_our_fields() -> None:
    """Given properties full, empty, null, blank, missing and unmapped, when read, then only values under our names."""
    properties = {"email": " a@b.example ", "firstname": "", "lastname": None, "phone": "  ", "hs_lead_status": "NEW"}

    assert read(HUBSPOT_CONTACT, properties) == {"email": "a@b.example"}


def test_a_long_value_is_cut() -> None:
    """Given a value longer than an item should hold, when read, then its beginning is kept."""
    assert read((FieldRule("a", "b"),), {"a": "x" * (MAX_CHARACTERS + 1)}) == {"b": "x" * MAX_CHARACTERS}


def test_half_an_emoji_becomes_a_replacement_character() -> None:
    """Given a value with a lone surrogate, as JSON can spell it, when read, then it can be encoded and stored."""
    properties = json.loads('{"firstname": "Zo\\ud83d", "lastname": "\\ud83d\\ude00", "city": "\\udc00"}')

    assert read(HUBSPOT_CONTACT, properties) == {"first_name": "Zo\ufffd", "last_name": "😀", "city": "\ufffd"}


def test_every_mapped_field_is_shown_and_none_twice() -> None:
    """Given the map, when compared with the API's model, then each of our fields has its place in the answer."""
    fields = [rule.field for rule in HUBSPOT_CONTACT]

    assert len(set(fields)) == len(fields)
    assert set(fields) == set(ContactView.model_fields) - {
        "id",
        "archived",
        "link",
        "version",
        "created_at",
        "updated_at",
    }
