"""Items as version 1 wrote them: whoever changes what is stored must still read these."""

from typing import Any

import boto3

from infra import names
from shared.adapters.dynamodb.attributes import item_to_wire
from shared.core.scope import stored_scope
from shared.core.work.item import Status
from shared.crm.connection import Connection
from shared.crm.contact import Contact, Link
from shared.crm.pull import Checkpoint, Pull
from shared.runtime import crm as parts
from tests.fakes.cloud import REGION, STAGE, Cloud

ORG = "org_01M7W17ARWA1004W4FTD3BEJ7F"
CONNECTION = "conn_01M7W17AX866F7ST7D84NKAPV8"
CONTACT = "cont_2Q6V0H1B4ZJ3N8R5T7W9XKCDEF"
STAMPS = {
    "org": ORG,
    "origin_region": REGION,
    "created_at": "2026-11-20T08:00:00.000Z",
    "updated_at": "2026-11-20T08:30:00.000Z",
}
CREATED, UPDATED = 1_795_161_600_000, 1_795_163_400_000


def put(table: str, item: dict[str, Any]) -> None:
    """As an older version of us did."""
    client = boto3.client("dynamodb", region_name=REGION)
    client.put_item(TableName=names.resource(STAGE, table), Item=item_to_wire(item))


def test_a_contact_of_version_1_is_read(aws: Cloud) -> None:
    """Given a contact as version 1 stored it, when read, then nothing is lost."""
    item = {
        "pk": f"ORG#{ORG}#CONTACTS",
        "sk": CONTACT,
        "et": "contact",
        "v": 1,
        **STAMPS,
        "provider": "hubspot",
        "connection_id": CONNECTION,
        "provider_id": "1001",
        "provider_updated_ms": 1_768_469_400_250,
        "fields": {"email": "Ada@example.com", "first_name": "Ada"},
        "archived": False,
        "version": 3,
        "list_pk": f"ORG#{ORG}#CONTACT_EMAIL#ada@example.com",
        "list_sk": CONTACT,
    }
    put("crm", item)
    contacts = parts.contacts(aws.container(), stored_scope(ORG))

    link = Link("hubspot", CONNECTION, "1001", 1_768_469_400_250)
    fields = {"email": "Ada@example.com", "first_name": "Ada"}
    expected = Contact(CONTACT, link, fields, archived=False, version=3, created_at=CREATED, updated_at=UPDATED)
    assert contacts.get(CONTACT) == expected
    assert contacts.page(limit=1, after=None, email="ADA@example.com") == [expected]


def test_a_connection_of_version_1_is_read(aws: Cloud) -> None:
    """Given a connection as version 1 stored it, when read, then nothing is lost and its token opens."""
    container = aws.container()
    pk = f"ORG#{ORG}#CONNECTIONS"
    token = container.cipher.seal(stored_scope(ORG), "crm", b"pat-na1-golden", f"{pk}|{CONNECTION}")
    stored = {"et": "connection", "v": 1, **STAMPS, "provider": "hubspot", "name": "Sales", "token": token}
    put("platform", {"pk": pk, "sk": CONNECTION, **stored})
    connections = parts.connections(container, stored_scope(ORG))
    credential = connections.credential(CONNECTION)

    assert connections.get(CONNECTION) == Connection(CONNECTION, "hubspot", "Sales", CREATED)
    assert credential is not None
    assert (credential.provider, credential.token) == ("hubspot", "pat-na1-golden")
    assert "golden" not in repr(credential)


def test_a_pull_of_version_1_is_read(aws: Cloud) -> None:
    """Given a pull as version 1 stored it, when read, then its checkpoint is whole."""
    checkpoint = {
        "cursor": "1400",
        "pages": 4,
        "records": 400,
        "changed": 12,
        "failures": 1,
        "problem": "rate_limited",
        "started_at": CREATED,
        "ended_at": None,
        "completed_at": CREATED - 1,
    }
    item = {
        "pk": f"ORG#{ORG}#PULL#{CONNECTION}",
        "sk": CONNECTION,
        "et": "crm_pull",
        "v": 1,
        **STAMPS,
        "connection_id": CONNECTION,
        "checkpoint": checkpoint,
        "status": "pending",
        "not_before": UPDATED,
    }
    put("crm", item)
    pulls = parts.pulls(aws.container(), stored_scope(ORG))

    expected = Pull(
        Status.PENDING,
        Checkpoint("1400", 4, 400, 12, 1, "rate_limited", CREATED, None, CREATED - 1),
        UPDATED,
    )
    assert pulls.get(CONNECTION) == expected
    assert pulls.of([CONNECTION]) == {CONNECTION: expected}
