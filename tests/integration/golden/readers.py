"""How today's code reads each entity, and what of the outcome is compared."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from shared.adapters.dynamodb.breaker import DynamoCircuits
from shared.adapters.dynamodb.signing_keys import DynamoSigningKeys
from shared.core.audit import GENESIS, chained
from shared.core.idempotency import Slot
from shared.core.scope import OrgScope, stored_scope
from shared.runtime import crm, llm
from shared.runtime.container import Container
from shared.webhooks.records import inbound_of

NOW = 1_795_163_400_000
"""2026-11-20T08:30:00Z, when the golden items of version 1 were written."""

Item = dict[str, Any]
"""As the adapters see it: attribute values already plain."""
Reader = Callable[[Container, OrgScope, Item], Any]


def _api_key(c: Container, org: OrgScope, item: Item) -> Any:
    if item["pk"].startswith("KEYHASH#"):
        from shared.adapters.dynamodb.api_keys import DynamoKeyDirectory

        return DynamoKeyDirectory(c.table("platform")).by_digest(item["digest"])
    return c.api_keys(org).get(item["id"])


def _source(c: Container, org: OrgScope, item: Item) -> Any:
    if item["pk"].startswith("SOURCEHASH#"):
        return c.source_directory.by_digest(item["digest"], NOW)
    return c.sources(org).get(item["id"])


def _connection(c: Container, org: OrgScope, item: Item) -> Any:
    connections = crm.connections(c, org)
    return [connections.get(item["sk"]), connections.credential(item["sk"])]


def _upstream(c: Container, org: OrgScope, _: Item) -> Any:
    upstreams = llm.upstreams(c, org)
    return [upstreams.settings(), upstreams.open()]


def _signing_key(c: Container, _: OrgScope, __: Item) -> Any:
    return DynamoSigningKeys(c.table("platform"), c.cipher, c.config.region, c.clock).current()


def _audit(c: Container, org: OrgScope, _: Item) -> Any:
    [record] = c.audit.page(org, limit=10, before=None)
    again = chained(record.entry, seq=1, previous=GENESIS, org=org.org, region=c.config.region)
    assert record == again, "the chain no longer verifies"
    return record


READERS: Mapping[str, Reader] = {
    "agora_app": lambda c, org, item: c.agora_apps(org).get(item["sk"]),
    "api_key": _api_key,
    "audit": _audit,
    "circuit": lambda c, _, item: DynamoCircuits(c.table("limits")).load(item["pk"].partition("#")[2]),
    "connection": _connection,
    "contact": lambda c, org, item: crm.contacts(c, org).get(item["sk"]),
    "crm_pull": lambda c, org, item: crm.pulls(c, org).get(item["sk"]),
    "delivery": lambda c, org, item: c.deliveries(org).get(item["id"]),
    "delivery_pointer": lambda c, org, item: c.deliveries(org).of_endpoint(item["pk"].rpartition("#")[2], 10, None),
    "endpoint": lambda c, org, item: c.endpoints(org).opened(item["id"], NOW),
    "idempotency": lambda c, org, item: c.idempotency.begin(
        org, Slot(item["pk"].partition("#")[2], item["fingerprint"]), NOW
    ),
    "inbound_event": lambda c, _, item: inbound_of(c.table("events").get(item["pk"], item["sk"]) or {}),
    "llm_upstream": _upstream,
    # Nobody reads usage records yet: what a reader will find is what was written.
    "llm_usage": lambda c, _, item: c.table("llm").get(item["pk"], item["sk"]),
    "message": lambda c, org, item: c.messages(org).get(item["id"]),
    "organization": lambda c, org, _: c.organizations.mode(org),
    "signing_key": _signing_key,
    "source": _source,
}


def read(container: Container, item: Item) -> Any:
    """What today's reader makes of an item, as JSON."""
    return plain(READERS[item["et"]](container, stored_scope(item["org"]), item))


def plain(value: Any) -> Any:  # noqa: PLR0911 - the type is what is being asked
    """Any value of ours as JSON: fields by their names, bytes as text."""
    match value:
        case OrgScope():
            return value.org
        case Enum():
            return value.value
        case bytes():
            return value.decode()
        case Mapping():
            return {name: plain(v) for name, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
        case _ if is_dataclass(value):
            return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            return value
