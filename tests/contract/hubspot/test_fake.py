"""The fake HubSpot is qualified by HubSpot's own client."""

import hubspot
import pytest
from hubspot.crm.contacts.exceptions import ApiException

from tests.fakes import hubspot as fake


def client(account: fake.HubSpot, token: str = fake.TOKEN) -> hubspot.Client:
    """HubSpot's client, aimed at the fake, without retries."""
    return hubspot.Client.create(access_token=token, host=account.url)


def test_hubspots_client_reads_every_contact_of_the_fake() -> None:
    """Given 230 contacts, when HubSpot's client fetches all, then it finds each once, in three requests."""
    with fake.running(contacts=230) as account:
        found = client(account).crm.contacts.get_all(properties=["email", "jobtitle"])

        assert [c.id for c in found] == [c["id"] for c in account.contacts]
        assert found[0].properties["email"] == "person1@example.com"
        assert found[0].properties["jobtitle"] is None
        assert found[0].updated_at.isoformat() == "2026-01-15T09:30:00+00:00"
        assert len(account.journal) == 3
        assert {asked.path for asked in account.journal} == {"/crm/v3/objects/contacts"}


def test_hubspots_client_reads_one_contact_of_the_fake() -> None:
    """Given a contact, when HubSpot's client asks for it by id, then it has the default properties."""
    with fake.running(contacts=1) as account:
        found = client(account).crm.contacts.basic_api.get_by_id("1001")

        assert found.properties["firstname"] == "First1"
        assert not found.archived


@pytest.mark.parametrize(("status", "category"), [(401, "INVALID_AUTHENTICATION"), (429, "RATE_LIMITS")])
def test_hubspots_client_understands_the_fakes_refusals(status: int, category: str) -> None:
    """Given a refusal, when HubSpot's client meets it, then it raises with its status and body."""
    with fake.running(contacts=1) as account:
        account.faults = [fake.Fault(status)]
        with pytest.raises(ApiException) as raised:
            client(account).crm.contacts.basic_api.get_page()

        assert raised.value.status == status
        assert category in raised.value.body


def test_an_unknown_token_is_refused() -> None:
    """Given a token the account does not know, when it is used, then 401."""
    with fake.running(contacts=1) as account:
        with pytest.raises(ApiException) as raised:
            client(account, "pat-na1-revoked").crm.contacts.basic_api.get_page()

        assert raised.value.status == 401
