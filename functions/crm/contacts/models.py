"""What the contact routes speak."""

from pydantic import Field

from shared.core.http.models import Model, PageQuery


class ContactsQuery(PageQuery):
    """Paging and filters; both filters together must both hold."""

    connection_id: str | None = Field(None, pattern=r"^conn_[0-9A-HJKMNP-TV-Z]{26}$")
    email: str | None = Field(None, min_length=3, max_length=320, description="compared without case")


class LinkView(Model):
    """The provider's record that this contact is."""

    provider: str
    connection_id: str
    provider_id: str
    updated_at: str = Field(description="when the provider last changed what this version holds")


class ContactView(Model):
    """A contact in our own field names, whatever the provider; null where the provider has no value."""

    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    mobile_phone: str | None = None
    company: str | None = None
    job_title: str | None = None
    website: str | None = None
    city: str | None = None
    country: str | None = None
    lifecycle_stage: str | None = None
    archived: bool
    link: LinkView
    version: int
    created_at: str
    updated_at: str
