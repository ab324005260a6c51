"""What the connection routes speak."""

from pydantic import Field

from shared.core.http.models import Model


class ConnectHubSpot(Model):
    """A HubSpot account, by the access token of a private app with the scope `crm.objects.contacts.read`."""

    private_token: str = Field(
        min_length=20, max_length=512, pattern=r"^[\x21-\x7e]*$", repr=False, description="sealed, never shown again"
    )
    name: str = Field("HubSpot", min_length=1, max_length=80)


class PullView(Model):
    """The connection's pull: the one under way, or the last. Counts are of that pull."""

    started_at: str
    ended_at: str | None
    completed_at: str | None = Field(description="when a pull last reached its end")
    pages: int
    records: int
    changed: int = Field(description="contacts that were new or different")
    problem: str | None = Field(
        description="why it waits or ended early: unauthorized, forbidden, rejected, rate_limited, "
        "provider_unavailable, internal"
    )
    next_at: str | None = Field(description="while it is under way: when the next page may be asked for")


class ConnectionView(Model):
    """A connection without its token."""

    id: str
    provider: str
    name: str
    status: str = Field(description="new, syncing, active, unauthorized, forbidden or failed")
    created_at: str
    sync: PullView | None
