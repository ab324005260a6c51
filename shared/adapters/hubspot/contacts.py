"""HubSpot's contacts, page by page, as the :class:`shared.crm.source.ContactSource`.

List call: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/get-crm-v3-objects-contacts,
on the date-based path, since the numbered versions end in September 2027.
"""

from urllib.parse import urlencode

from shared.adapters.hubspot.page import MAX_RECORDS, read_page
from shared.adapters.hubspot.refusals import source_error
from shared.core.breaker import BreakerPolicy
from shared.core.clock import SECOND, Clock
from shared.core.errors import Unavailable, UpstreamFailed, UpstreamTimeout
from shared.core.outbound.errors import CircuitOpen
from shared.core.outbound.message import Request, Response, Sender
from shared.core.outbound.policy import Policy
from shared.crm.fields import HUBSPOT_CONTACT
from shared.crm.source import PullProblem, SourceDown, SourcePage, SourcePaused

VERSION = "2026-09"
"""HubSpot supports a dated version for 18 months: this one until March 2028."""
POLICY = Policy(connect_s=3, read_s=10, total_s=20, attempts=1, read_limit=4 * 1024 * 1024)
"""One attempt: a page that fails is put off by the work pattern, so that one claim is one request. A hundred
contacts with eleven properties are about 60 KB; 4 MiB leaves room for long values and stops there."""
CIRCUIT = BreakerPolicy(open_ms=5 * SECOND, open_cap_ms=10 * SECOND, lease_ms=25 * SECOND)
"""Pauses are short: all pulls of a region together still ask a HubSpot that is down once in ten seconds, and none of
them stands still for long because of another one's bad luck. The lease is longer than one request may take."""


class HubSpotContacts:
    """One request per page."""

    def __init__(self, sender: Sender, base_url: str, clock: Clock) -> None:
        """``base_url``: scheme and host, from the configuration."""
        self._sender = sender
        self._base_url = base_url
        self._clock = clock

    def page(self, token: str, cursor: str | None) -> SourcePage:
        """Live contacts only: archived ones are another listing."""
        response = self._ask(token, cursor)
        if not response.ok:
            raise source_error(response, self._clock())
        try:
            page = read_page(response.body)
        except (ValueError, RecursionError) as error:
            raise SourceDown(PullProblem.PROVIDER_UNAVAILABLE) from error
        if page.next is not None and page.next == cursor:  # would never end
            raise SourceDown(PullProblem.PROVIDER_UNAVAILABLE)
        return page

    def _ask(self, token: str, cursor: str | None) -> Response:
        query = {"limit": str(MAX_RECORDS), "properties": ",".join(rule.source for rule in HUBSPOT_CONTACT)}
        query |= {"archived": "false"} | ({"after": cursor} if cursor is not None else {})
        request = Request(
            "GET",
            f"{self._base_url}/crm/objects/{VERSION}/contacts?{urlencode(query, safe=',')}",
            {"Authorization": f"Bearer {token}", "Accept": "application/json"},
        )
        try:
            return self._sender.send(request, POLICY)
        except CircuitOpen as paused:
            raise SourcePaused(PullProblem.PROVIDER_UNAVAILABLE, paused.retry_after_s * SECOND) from paused
        except (UpstreamFailed, UpstreamTimeout, Unavailable) as error:
            raise SourceDown(PullProblem.PROVIDER_UNAVAILABLE) from error
