"""What HubSpot's error answers mean for a pull.

Sources: https://developers.hubspot.com/docs/api-reference/error-handling and …/usage-details (rate limits).
"""

import json
from collections.abc import Mapping

from shared.core.clock import HOUR, SECOND
from shared.core.outbound.message import Response
from shared.core.outbound.policy import retry_after
from shared.crm.source import PullProblem, SourceBusy, SourceDown, SourceError, SourceRefused

_REFUSED = {401: PullProblem.UNAUTHORIZED, 403: PullProblem.FORBIDDEN}
"""403 is a missing scope, not a revoked token."""
_BUSY = 429
_LATER = frozenset({408, 423, 425, 477})
"""423: too much at once on one record; 477: the account is moving between data centres."""
_SERVER = 500
_WINDOW = 10 * SECOND
"""HubSpot's burst limit counts over ten seconds."""


def source_error(response: Response, now: int) -> SourceError:
    """The error of an answer that is not 2xx. ``now``: milliseconds, for a ``Retry-After`` that is a date."""
    status = response.status
    asked = retry_after(response.headers.get("retry-after", ""), now)
    wait = None if asked is None else round(asked * SECOND)
    if status == _BUSY:
        return SourceBusy(PullProblem.RATE_LIMITED, wait if wait is not None else _limit_wait(response))
    if status >= _SERVER or status in _LATER:
        return SourceDown(PullProblem.PROVIDER_UNAVAILABLE, wait)
    return SourceRefused(_REFUSED.get(status, PullProblem.REJECTED))


def _limit_wait(response: Response) -> int:
    """A 429 need not carry ``Retry-After``: its body names the limit, its headers the window."""
    try:
        document = json.loads(response.body)
    except ValueError:
        document = None
    if isinstance(document, Mapping) and document.get("policyName") == "DAILY":
        return HOUR
    interval = response.headers.get("x-hubspot-ratelimit-interval-milliseconds", "")
    return int(interval) if interval.isascii() and interval.isdigit() and len(interval) < 8 else _WINDOW  # noqa: PLR2004
