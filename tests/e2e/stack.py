"""The local stack as tests use it: its two faces, organizations of their own, and an operator's look at its tables."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from infra import names
from infra.local import aws
from infra.local.paths import ROOT, root_environment
from infra.local.stack_file import read as read_file
from tests.demo.api import Api, Reply

STAGE = "local"
_TRIES = 5


@dataclass(frozen=True)
class Organization:
    """An organization, and its owner as a client of the edge."""

    id: str
    key: str
    api: Api

    def scoped(self, *scopes: str) -> str:
        """A further key's text."""
        made = self.api.call("POST", "/v1/api-keys", json={"name": "scoped", "scopes": list(scopes)})
        return str(made["key"])


@dataclass(frozen=True)
class Stack:
    """``.local/stack.json``."""

    base_url: str
    raw_url: str
    llm_base_url: str
    region: str
    seeded: list[dict[str, Any]]
    """The two organizations of ``make up``."""

    def face(self, name: str) -> str:
        """``edge``: what callers use. ``gateway``: the HTTP API's own address, past everything of ours in front."""
        return {"edge": self.base_url, "gateway": self.raw_url}[name]

    def found(self, name: str) -> Organization:
        """As an operator does it on AWS: the command of ``shared/runtime/bootstrap.py``."""
        environ = {
            **root_environment(self.region),
            "STAGE": STAGE,
            "FUNCTION": "tests/e2e",
            "TABLE_PLATFORM": names.resource(STAGE, "platform"),
        }
        command = [sys.executable, "-m", "shared.runtime.bootstrap", name]
        told = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60)
        made = json.loads(told.stdout)
        return Organization(made["org_id"], made["api_key"], Api(self.base_url, made["api_key"]))

    def rows(self, table: str, organization: str) -> list[dict[str, Any]]:
        """An organization's items as they are stored, past every rule of ours."""
        pages = aws.client("dynamodb", self.region).get_paginator("scan")
        found = pages.paginate(
            TableName=names.resource(STAGE, table),
            FilterExpression="org = :o",
            ExpressionAttributeValues={":o": {"S": organization}},
            ConsistentRead=True,
        )
        return [item for page in found for item in page["Items"]]

    def written(self, organization: str) -> set[tuple[str, str, str]]:
        """Table and key of all that an organization owns; limits and their like apart, which every call touches."""
        tables = ("platform", "events", "crm", "llm", "usage")
        return {(t, item["pk"]["S"], item["sk"]["S"]) for t in tables for item in self.rows(t, organization)}


def read() -> Stack:
    """What the last ``make up`` wrote."""
    told = read_file()
    return Stack(told["base_url"], told["raw_url"], told["llm_base_url"], told["region"], told["orgs"])


def pages(api: Api, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Every item of a list."""
    cursor: dict[str, Any] = {}
    while True:
        reply = api.ask("GET", path, params=query | cursor)
        assert reply.status == 200, reply.text
        yield from reply.data
        if not (following := reply.body["meta"]["next_cursor"]):
            return
        cursor = {"cursor": following}


def patiently(ask: Callable[[], Reply]) -> Reply:
    """What is answered to someone who keeps to the limits: many requests of one test stand for many callers."""
    for _ in range(_TRIES):
        reply = ask()
        if reply.status != httpx.codes.TOO_MANY_REQUESTS:
            break
        time.sleep(float(reply.headers["retry-after"]))
    return reply


def is_refusal(reply: Reply) -> bool:
    """Whether it is our envelope of a failure, whole, and nothing of a program's inside shows."""
    body = reply.body
    return (
        isinstance(body, dict)
        and list(body) == ["success", "data", "message", "meta", "errors"]
        and (body["success"], body["data"]) == (False, None)
        and bool(body["errors"])
        and all(list(e) == ["type", "code", "title", "detail", "status", "pointer"] for e in body["errors"])
        and all(e["status"] == reply.status for e in body["errors"])
        and body["meta"]["request_id"] == reply.headers["x-request-id"]
        and not any(trace in reply.text for trace in ("Traceback", 'File "', "botocore", "shared/", "arn:aws"))
    )
