"""What a piece of code asks of AWS: every call of every client, in order, and how long each took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from botocore.client import BaseClient


@dataclass
class Calls:
    """As recorded so far."""

    made: list[str] = field(default_factory=list)
    """Operation and what it was about: ``UpdateItem limits``, ``SendMessage inbound``, ``Decrypt kms``."""
    seconds: float = 0.0
    """Spent inside the clients, serializing and parsing included."""


def _about(service: str, arguments: dict[str, Any]) -> str:
    """The table or queue by its name in the app, else the service."""
    if "TransactItems" in arguments:
        tables = [body["TableName"] for item in arguments["TransactItems"] for body in item.values()]
        return " ".join(f"{table.rpartition('-')[2]}" for table in tables)
    if "RequestItems" in arguments:
        return " ".join(table.rpartition("-")[2] for table in arguments["RequestItems"])
    if "TableName" in arguments:
        return str(arguments["TableName"]).rpartition("-")[2]
    if "QueueUrl" in arguments:
        return str(arguments["QueueUrl"]).rpartition("/")[2].split("-", 2)[2]
    return service


@contextmanager
def recording() -> Iterator[Calls]:
    """Everything botocore's clients of this process do meanwhile."""
    calls, make = Calls(), BaseClient._make_api_call

    def recorded(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        calls.made.append(f"{operation} {_about(client.meta.service_model.service_name, arguments)}")
        began = time.perf_counter()
        try:
            return make(client, operation, arguments)
        finally:
            calls.seconds += time.perf_counter() - began

    with mock.patch.object(BaseClient, "_make_api_call", recorded):
        yield calls
