"""Typed key builders: the one place that knows how a partition is spelled.

``ORG#<org>#…`` partitions belong to an organization and are built from an :class:`OrgScope` only, so no
repository can read another organization's rows. The others (a key's hash, a source's token) are looked up by
a secret's hash before any organization is known; each has a back-pointer in its organization's partition.
"""

from typing import NamedTuple

from shared.core.scope import OrgScope


class Key(NamedTuple):
    """Partition and sort key."""

    pk: str
    sk: str


def org_partition(org: OrgScope, collection: str) -> str:
    """A collection of one organization: ``ORG#org_…#KEYS``."""
    return f"ORG#{org.org}#{collection}"


def organization(org: OrgScope) -> Key:
    """The organization itself."""
    return Key(org_partition(org, "SELF"), "SELF")


def api_key_by_hash(digest: str) -> Key:
    """An API key, by the hash of its text."""
    return Key(f"KEYHASH#{digest}", "KEY")


def api_key(org: OrgScope, key_id: str) -> Key:
    """The back-pointer of an API key, which lists and deletes it."""
    return Key(org_partition(org, "KEYS"), key_id)


def signing_keys() -> str:
    """The partition of the platform's token-signing keys."""
    return "SIGNING#KEYS"


def agora_app(org: OrgScope, app_id: str) -> Key:
    """An Agora app of an organization."""
    return Key(org_partition(org, "AGORA_APPS"), app_id)


def source_by_token(digest: str) -> Key:
    """An inbound source, by the hash of its URL token."""
    return Key(f"SOURCEHASH#{digest}", "SOURCE")


def source(org: OrgScope, source_id: str) -> Key:
    """An inbound source in its organization."""
    return Key(org_partition(org, "SOURCES"), source_id)


def endpoint(org: OrgScope, endpoint_id: str) -> Key:
    """A customer's endpoint."""
    return Key(org_partition(org, "ENDPOINTS"), endpoint_id)


def inbound_event(org: OrgScope, event_id: str) -> Key:
    """A verified inbound notification; a partition of its own, since nothing reads them together."""
    return Key(org_partition(org, f"INBOUND#{event_id}"), event_id)


def message(org: OrgScope, message_id: str) -> Key:
    """A message accepted for delivery."""
    return Key(org_partition(org, f"MESSAGE#{message_id}"), message_id)


def delivery(org: OrgScope, delivery_id: str) -> Key:
    """A delivery; a partition of its own, so that its id alone finds it and a busy endpoint heats none."""
    return Key(org_partition(org, f"DELIVERY#{delivery_id}"), delivery_id)


def endpoint_deliveries(org: OrgScope, endpoint_id: str) -> str:
    """Pointers to an endpoint's deliveries, in order of time."""
    return org_partition(org, f"ENDPOINT_DELIVERIES#{endpoint_id}")


def dead_letters(org: OrgScope) -> str:
    """In the index ``listing``: an organization's exhausted deliveries."""
    return org_partition(org, "DEAD_LETTERS")


def connection(org: OrgScope, connection_id: str) -> Key:
    """An organization's authorised account at a provider."""
    return Key(org_partition(org, "CONNECTIONS"), connection_id)


def contacts(org: OrgScope) -> str:
    """The partition of an organization's contacts."""
    return org_partition(org, "CONTACTS")


def contact(org: OrgScope, contact_id: str) -> Key:
    """A contact of an organization."""
    return Key(contacts(org), contact_id)


def contacts_by_email(org: OrgScope, email: str) -> str:
    """The index partition of the contacts that have an address, whatever its case."""
    return org_partition(org, f"CONTACT_EMAIL#{email.lower()}")


def crm_pull(org: OrgScope, connection_id: str) -> Key:
    """The pull of a connection, with its checkpoint."""
    return Key(org_partition(org, f"PULL#{connection_id}"), connection_id)


def llm_upstream(org: OrgScope) -> Key:
    """An organization's own LLM upstream."""
    return Key(org_partition(org, "LLM"), "UPSTREAM")


def usage_records(org: OrgScope) -> str:
    """The partition of an organization's LLM usage records."""
    return org_partition(org, "LLM_USAGE")


def audit_chain(org: OrgScope, region: str) -> str:
    """One chain per organization and region: two regions never race for the same sequence number."""
    return f"ORG#{org.org}#AUDIT#{region}"


def limit(principal: str) -> Key:
    """Limit state of a principal or address."""
    return Key(f"LIMIT#{principal}", "STATE")


def idempotency(slot: str) -> Key:
    """The record of one Idempotency-Key."""
    return Key(f"IDEMPOTENCY#{slot}", "ANSWER")


def circuit(name: str) -> Key:
    """The circuit breaker of one party."""
    return Key(f"BREAKER#{name}", "STATE")
