"""Items as each version of each entity wrote them: whoever changes what is stored must still read these.

A file `<entity>.<version>.json` holds the table, items in DynamoDB's own form, and what reading them gives. Items of a
version that was ever deployed are never edited; a new version gets a file beside the old one, and a reader that
up-casts. What reading gives may gain a member, with the value that old items are to have.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import time_machine

from infra import names
from infra.bundling import ROOT
from shared.adapters.dynamodb.attributes import item_from_wire
from shared.runtime.container import Container
from tests.fakes.cloud import REGION, STAGE, cloud
from tests.integration.golden.cipher import GoldenCipher
from tests.integration.golden.readers import NOW, READERS, read
from tests.integration.golden.written import entities

FILES = sorted(Path(__file__).parent.glob("*.json"))
_STAMPS = {"et", "v", "org", "origin_region", "created_at", "updated_at"}
_UNOWNED = {"circuit"}
"""Entities of no organization: a party belongs to the region."""


def _bytes(wire: Any) -> Any:
    """Base64 of the wire form to bytes, as botocore hands them over."""
    match wire:
        case {"B": str(text)}:
            return {"B": base64.b64decode(text)}
        case dict():
            return {name: _bytes(value) for name, value in wire.items()}
        case list():
            return [_bytes(value) for value in wire]
        case _:
            return wire


def _golden(path: Path) -> tuple[str, list[dict[str, Any]], list[Any]]:
    """Table, items on the wire, and what reading each of them gives."""
    document = json.loads(path.read_text())
    return document["table"], [_bytes(item) for item in document["items"]], document["read"]


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    """The application of today, over tables that hold what every version wrote."""
    with time_machine.travel(NOW / 1000, tick=False), cloud() as account:
        client = boto3.client("dynamodb", region_name=REGION)
        for path in FILES:
            table, items, _ = _golden(path)
            for item in items:
                client.put_item(TableName=names.resource(STAGE, table), Item=item)
        today = account.container()
        today.cipher = GoldenCipher()
        yield today


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_version_wrote_is_read_today(container: Container, path: Path) -> None:
    """Given the items of a version, when read by today's code, then nothing is lost and nothing means another thing."""
    _, items, expected = _golden(path)

    assert [read(container, {**item_from_wire(item), "org": _org(item)}) for item in items] == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_item_says_what_it_is(path: Path) -> None:
    """Given an item, then its entity and version are its file's, and it carries the attributes that all items do."""
    _, items, _ = _golden(path)

    for item in map(item_from_wire, items):
        assert f"{item['et']}.{item['v']}" == path.stem
        assert item["et"] in _UNOWNED or item.keys() >= _STAMPS


def test_every_entity_and_version_that_is_written_has_its_golden_items() -> None:
    """Given what the code writes, then there is a file for each entity and version, and a reader for each entity."""
    written = {pair for path in (ROOT / "shared").rglob("*.py") for pair in entities(path.read_text())}

    assert len(written) >= len(READERS)
    assert {f"{entity}.{version}" for entity, version in written} <= {path.stem for path in FILES}
    assert {entity for entity, _ in written} == READERS.keys()


def _org(item: dict[str, Any]) -> str:
    return item["org"]["S"] if "org" in item else "org_none"
