"""The CRM domain's parts of the composition root."""

from typing import TYPE_CHECKING

from shared.core.scope import OrgScope
from shared.runtime.container import Container

if TYPE_CHECKING:
    from shared.crm.connection import Connections
    from shared.crm.contact import Contacts
    from shared.crm.pull import Pulls
    from shared.crm.source import ContactSource


def connections(container: Container, org: OrgScope) -> "Connections":
    """Of one organization."""
    from shared.adapters.dynamodb.connections import DynamoConnections

    return DynamoConnections(container.table("platform"), container.cipher, org, container.config.region)


def contacts(container: Container, org: OrgScope) -> "Contacts":
    """Of one organization."""
    from shared.adapters.dynamodb.contacts import DynamoContacts

    return DynamoContacts(container.table("crm"), org, container.config.region)


def pulls(container: Container, org: OrgScope) -> "Pulls":
    """Of one organization's connections."""
    from shared.adapters.dynamodb.pulls import DynamoPulls

    work = container.crm_work
    return DynamoPulls(work, container.dispatcher(work), org)


def sources(container: Container) -> "dict[str, ContactSource]":
    """One per provider, by its name; over one outbound client, behind a circuit for all pulls of the region."""
    from shared.adapters.http.client import HttpClient
    from shared.adapters.hubspot.contacts import CIRCUIT, HubSpotContacts
    from shared.core.outbound.circuit import CircuitSender

    client = HttpClient(allow=container.config.egress_allow)
    sender = CircuitSender(client, container.make_breaker(CIRCUIT), "hubspot")
    return {"hubspot": HubSpotContacts(sender, container.config.hubspot_base_url, container.clock)}
