import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from shared.agora.event_catalogue import EVENT_TYPES, PRODUCTS, event_type
from shared.agora.notification import read_notification

EVENTS = Path(__file__).parents[3] / "events"
SAMPLES = sorted((EVENTS / "agora").glob("*.json"))
SCHEMAS = sorted((EVENTS / "schemas").glob("agora.*/1.json"))

samples = pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
schemas = pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.parent.name)


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((EVENTS / "schemas" / name / "1.json").read_text())
    return schema


@pytest.mark.parametrize(
    ("product_id", "event_code", "name"),
    [
        (1, 101, "agora.rtc.channel_created"),
        (17, 101, "agora.convoai.agent_joined"),
        (3, 31, "agora.recording.uploaded"),
        (1, 109, "agora.rtc.event_109"),
        (5, 1, "agora.media_push.event_1"),
        (20, 101, "agora.stt.event_101"),
        (2, 101, "agora.unknown.event_101"),
    ],
)
def test_a_number_means_something_only_with_its_product(product_id: int, event_code: int, name: str) -> None:
    """Given a product and an event number, when named, then the pair decides, known or not."""
    assert event_type(product_id, event_code) == name


def test_no_two_events_share_a_name() -> None:
    """Given the whole table, when every event is named, then each name stands once."""
    assert len(set(EVENT_TYPES)) == sum(len(product.events) for product in PRODUCTS.values())
    assert not [name for name in EVENT_TYPES if ".event_" in name]


@samples
def test_a_sample_is_an_envelope_of_the_event_it_is_named_for(sample: Path) -> None:
    """Given a sample, when read as a notification, then it is what its file name says."""
    notification = read_notification(sample.read_bytes())

    named = "rtc.host_joined" if notification.is_test else sample.stem
    assert notification.event_type == f"agora.{named}"
    assert notification.is_test == (sample.stem == "test_webhook")
    assert notification.channel


@samples
def test_a_samples_payload_fits_its_schema(sample: Path) -> None:
    """Given a sample, when its payload is checked against its event's schema, then it fits."""
    notification = read_notification(sample.read_bytes())
    validator = Draft202012Validator(_schema(notification.event_type))

    validator.validate(dict(notification.payload))


@samples
def test_a_schema_refuses_a_payload_that_lacks_what_it_requires(sample: Path) -> None:
    """Given a sample, when a required member is missing or null, then its schema refuses it."""
    notification = read_notification(sample.read_bytes())
    schema = _schema(notification.event_type)
    validator = Draft202012Validator(schema)

    for member in schema["required"]:
        rest = {k: v for k, v in notification.payload.items() if k != member}
        assert not validator.is_valid(rest)
        assert not validator.is_valid(rest | {member: None})


@schemas
def test_a_schema_is_valid_and_named_for_its_event(path: Path) -> None:
    """Given a schema, when read, then it is draft 2020-12, of a listed event, and has a sample."""
    schema = json.loads(path.read_text())
    name = path.parent.name

    meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"https://switchboard.dev/events/{name}/1.json"
    assert name in EVENT_TYPES
    assert (EVENTS / "agora" / f"{name.removeprefix('agora.')}.json").exists()


@pytest.mark.parametrize("product", ["rtc", "convoai"])
def test_every_event_of_a_conversation_has_a_schema(product: str) -> None:
    """Given the events a conversation is made of, when schemas are listed, then none is missing."""
    listed = {name for name in EVENT_TYPES if name.startswith(f"agora.{product}.")}

    assert listed <= {path.parent.name for path in SCHEMAS}
