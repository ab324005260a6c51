"""The audit chain and the health check, over HTTP."""

import boto3
import time_machine

from shared.core.audit import GENESIS
from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import REGION, Cloud

MAKE = {"name": "ci", "scopes": ["agora:tokens"]}


def test_deeds_are_chained_newest_first_and_only_ones_own(aws: Cloud, acme: Founded) -> None:
    """Given three deeds and another organization's, when listed, then an unbroken chain of one's own."""
    other = aws.found("Other")
    made = [
        aws.call("identity/keys", "POST", "/v1/api-keys", key=acme.api_key, json_body=MAKE).data["id"] for _ in range(2)
    ]
    aws.restart("identity/keys")
    aws.call("identity/keys", "DELETE", f"/v1/api-keys/{made[0]}", key=acme.api_key)
    aws.call("identity/keys", "POST", "/v1/api-keys", key=other.api_key, json_body=MAKE)

    first = aws.call("platform/audit", "GET", "/v1/audit", key=acme.api_key, query={"limit": "2"})
    cursor = first.json["meta"]["next_cursor"]
    rest = aws.call("platform/audit", "GET", "/v1/audit", key=acme.api_key, query={"limit": "2", "cursor": cursor})

    chain = first.data + rest.data
    assert [(e["seq"], e["action"]) for e in chain] == [(3, "deleteApiKey"), (2, "createApiKey"), (1, "createApiKey")]
    assert [e["target"] for e in chain] == [made[0], made[1], made[0]]
    assert [e["previous"] for e in chain] == [chain[1]["hash"], chain[2]["hash"], GENESIS]


def test_health_names_a_missing_table_and_remembers_for_ten_seconds(aws: Cloud) -> None:
    """Given all tables, when one goes, then the answer turns to 503 naming it once ten seconds have passed."""
    with time_machine.travel(1_795_161_600, tick=False) as clock:
        well = aws.call("platform/status", "GET", "/v1/health")
        boto3.client("dynamodb", region_name=REGION).delete_table(TableName=aws.environ["TABLE_CRM"])
        remembered = aws.call("platform/status", "GET", "/v1/health")
        clock.shift(11)
        ill = aws.call("platform/status", "GET", "/v1/health")

    assert (well.status, remembered.status) == (200, 200)
    assert (ill.status, ill.json["errors"][0]["detail"]) == (503, "the table crm is missing")
