"""The environment of a function, read once and typed. Nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Table = Literal["platform", "events", "crm", "llm", "usage", "audit", "limits"]
Queue = Literal["inbound", "delivery", "webhook_exhausted", "crm_sync", "inbound_dlq", "delivery_dlq", "crm_sync_dlq"]


class MissingSetting(RuntimeError):
    """A function uses a setting that its stack does not give it."""


@dataclass(frozen=True)
class Config:
    """Settings are looked up on first use, so that a function is given only what it needs."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    def _required(self, name: str) -> str:
        value = self.environ.get(name, "")
        if not value:
            message = f"the function's environment lacks {name}"
            raise MissingSetting(message)
        return value

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.environ.get(name, "").split(",") if part.strip())

    @cached_property
    def stage(self) -> str:
        """The stage: ``local``, ``dev``, ``prod``."""
        return self._required("STAGE")

    @cached_property
    def region(self) -> str:
        """This region: set by Lambda."""
        return self._required("AWS_REGION")

    @cached_property
    def function(self) -> str:
        """``agora/tokens``: the folder below ``functions``."""
        return self._required("FUNCTION")

    @cached_property
    def public_base_url(self) -> str:
        """Scheme and host of the API as callers see it, without a trailing slash; signatures over URLs use it."""
        return self._required("PUBLIC_BASE_URL").rstrip("/")

    @cached_property
    def kms_key(self) -> str:
        """ARN of the multi-region key that wraps tenant data keys."""
        return self._required("KMS_KEY_ARN")

    @cached_property
    def cors_origins(self) -> tuple[str, ...]:
        """Origins allowed to call from a browser."""
        return self._list("CORS_ORIGINS")

    @cached_property
    def egress_allow(self) -> frozenset[str]:
        """``host:port`` pairs exempt from the egress guard; empty outside a laptop stage."""
        return frozenset(self._list("EGRESS_ALLOW"))

    @cached_property
    def hubspot_base_url(self) -> str:
        """Scheme and host of HubSpot's API, without a trailing slash; a laptop stage points it to a stand-in."""
        return (self.environ.get("HUBSPOT_BASE_URL") or "https://api.hubapi.com").rstrip("/")

    @cached_property
    def hourly_limit(self) -> int:
        """Requests per hour and principal, unless the key says otherwise."""
        return int(self.environ.get("HOURLY_LIMIT", "1000"))

    @cached_property
    def version(self) -> str:
        """Of the API, as told in ``meta.version``."""
        return self.environ.get("API_VERSION", "1")

    def table(self, name: Table) -> str:
        """Physical name of a table."""
        return self._required(f"TABLE_{name.upper()}")

    def tables(self) -> dict[str, str]:
        """Every table this function was given, for the health check."""
        return {k.removeprefix("TABLE_").lower(): v for k, v in self.environ.items() if k.startswith("TABLE_") and v}

    def queue(self, name: Queue) -> str:
        """URL of a queue."""
        return self._required(f"QUEUE_{name.upper()}")
