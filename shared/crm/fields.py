"""Field maps as data: which property of a provider fills which field of ours.

A map is read by one engine (:func:`read`); a provider is a row of data, not a branch. All HubSpot property values
are strings (https://developers.hubspot.com/docs/guides/api/crm/properties), an empty one means "cleared".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.text import bounded

MAX_CHARACTERS = 2_000
"""Longer values are cut: HubSpot allows 65 536 characters each, and a whole record must fit an item of 400 KB."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """``source``: the provider's name of a property; ``field``: ours."""

    source: str
    field: str


HUBSPOT_CONTACT = (
    FieldRule("email", "email"),
    FieldRule("firstname", "first_name"),
    FieldRule("lastname", "last_name"),
    FieldRule("phone", "phone"),
    FieldRule("mobilephone", "mobile_phone"),
    FieldRule("company", "company"),
    FieldRule("jobtitle", "job_title"),
    FieldRule("website", "website"),
    FieldRule("city", "city"),
    FieldRule("country", "country"),
    FieldRule("lifecyclestage", "lifecycle_stage"),
)
"""HubSpot's default contact properties
(https://knowledge.hubspot.com/properties/hubspots-default-contact-properties)."""


def read(rules: tuple[FieldRule, ...], properties: Mapping[str, str | None]) -> dict[str, str]:
    """Our fields of a provider's properties, encodable; what is empty or not mapped is left out."""
    found = {rule.field: bounded((properties.get(rule.source) or "").strip(), MAX_CHARACTERS) for rule in rules}
    return {name: value for name, value in found.items() if value}
