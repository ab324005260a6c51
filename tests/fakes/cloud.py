"""An AWS account in process (moto): this app's tables, queues and key, its handlers called as Lambda calls them."""

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from infra import names
from infra.queues import QUEUES
from infra.tables import PARTITION, SORT, TABLES, Index
from shared.core.config import Config
from shared.identity.keys import Mode
from shared.runtime.bootstrap import Founded, found_organization, make_key
from shared.runtime.container import Container

REGION = "us-east-1"
BASE_URL = "https://api.switchboard.test"
STAGE = "test"


@dataclass(frozen=True)
class Reply:
    """What a caller sees of an answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        """The envelope's data."""
        return self.json["data"]

    @property
    def code(self) -> str:
        """The first error's code."""
        return str(self.json["errors"][0]["code"])


def http_event(
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    body: bytes | str | None = None,
    source_ip: str = "203.0.113.7",
) -> dict[str, Any]:
    """An API Gateway HTTP API event, payload format 2.0."""
    text = body.decode() if isinstance(body, bytes) else body
    return {
        "version": "2.0",
        "routeKey": f"ANY {path}",
        "rawPath": path,
        "rawQueryString": "&".join(f"{k}={v}" for k, v in (query or {}).items()),
        "headers": {k.lower(): v for k, v in (headers or {}).items()},
        **({"queryStringParameters": query} if query else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.switchboard.test",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": "test",
            },
            "requestId": "gateway-request",
            "routeKey": f"ANY {path}",
            "stage": "$default",
            "time": "20/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_161_600_000,
        },
        **({"body": text} if text is not None else {}),
        "isBase64Encoded": False,
    }


@dataclass
class Cloud:
    """One region of an account."""

    environ: dict[str, str]
    _loaded: dict[str, ModuleType] = field(default_factory=dict)

    def container(self, **more: str) -> Container:
        """The production application, over this account."""
        return Container(Config({**self.environ, "FUNCTION": "test", **more}))

    def found(self, name: str = "Acme", mode: Mode = Mode.LIVE) -> Founded:
        """A new organization and its owner key."""
        return found_organization(self.container(), name, mode)

    def key(self, org_id: str, *scopes: str, expires_at: int | None = None) -> str:
        """A key of an organization."""
        return make_key(self.container(), org_id, "test", scopes, expires_at=expires_at)

    def function(self, path: str) -> ModuleType:
        """A function's handler module, imported as on a cold start: with its environment set."""
        if path not in self._loaded:
            name = f"functions.{path.replace('/', '.')}.handler"
            sys.modules.pop(name, None)
            with mock.patch.dict("os.environ", {**self.environ, "FUNCTION": path}):
                self._loaded[path] = importlib.import_module(name)
        return self._loaded[path]

    def restart(self, path: str) -> None:
        """Forget a function's process: the next call is a cold start."""
        self._loaded.pop(path, None)

    def call(
        self,
        function: str,
        method: str,
        path: str,
        *,
        key: str | None = None,
        json_body: Any = None,
        **event: Any,
    ) -> Reply:
        """One HTTP request to a function."""
        headers = dict(event.pop("headers", None) or {})
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if json_body is not None:
            event["body"] = json.dumps(json_body)
            headers.setdefault("Content-Type", "application/json")
        answer = self.function(function).handler(http_event(method, path, headers=headers, **event), None)
        return Reply(answer["statusCode"], answer["headers"], answer["body"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, in DynamoDB's own form."""
        client = boto3.client("dynamodb", region_name=REGION)
        items: list[dict[str, Any]] = client.scan(TableName=names.resource(STAGE, table))["Items"]
        return items

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Take what is visible in a queue, as SQS records."""
        client = boto3.client("sqs", region_name=REGION)
        url = self.environ[names.queue_key(queue)]
        found: list[dict[str, Any]] = []
        while batch := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append({"messageId": message["MessageId"], "body": message["Body"]})
        return found


def _index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": [
            {"AttributeName": index.partition, "KeyType": "HASH"},
            {"AttributeName": index.sort, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": index.projection},
    }


def make_tables(client: Any, stage: str = STAGE) -> dict[str, str]:
    """The app's tables, from the definitions that CDK deploys; their environment variables."""
    environ: dict[str, str] = {}
    for table in TABLES:
        attributes = {PARTITION: "S", SORT: "S"}
        for index in table.indexes:
            attributes |= {index.partition: "S", index.sort: "N" if index.numeric_sort else "S"}
        physical = names.resource(stage, table.name)
        client.create_table(
            TableName=physical,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": PARTITION, "KeyType": "HASH"},
                {"AttributeName": SORT, "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in attributes.items()],
            **({"GlobalSecondaryIndexes": [_index(i) for i in table.indexes]} if table.indexes else {}),
        )
        environ[names.table_key(table.name)] = physical
    return environ


@contextmanager
def _one_call_at_a_time() -> Iterator[None]:
    """Moto's backends are made for one thread: two conditional writes at once could both find their condition true."""
    lock, process = threading.RLock(), BotocoreStubber.process_request

    def locked(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            return process(stubber, request)

    with mock.patch.object(BotocoreStubber, "process_request", locked):
        yield


@contextmanager
def cloud(**settings: str) -> Iterator[Cloud]:
    """A fresh account for one test; ``settings`` are added to every function's environment."""
    credentials = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    with mock.patch.dict("os.environ", credentials), mock_aws(), _one_call_at_a_time():
        environ = make_tables(boto3.client("dynamodb", region_name=REGION))
        sqs = boto3.client("sqs", region_name=REGION)
        for name in [n for q in QUEUES for n in (q.name, f"{q.name}-dlq")]:
            environ[names.queue_key(name)] = sqs.create_queue(QueueName=names.resource(STAGE, name))["QueueUrl"]
        key = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["Arn"]
        environ |= {
            "STAGE": STAGE,
            "AWS_REGION": REGION,
            "PUBLIC_BASE_URL": BASE_URL,
            "KMS_KEY_ARN": key,
            "CORS_ORIGINS": "https://console.switchboard.test",
            **settings,
        }
        yield Cloud(environ)
