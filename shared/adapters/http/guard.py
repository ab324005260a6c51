"""Judges a customer's URL when it is registered: its text, and where its host leads today.

Registration tells the customer early; what protects us is the same judgement at each connection (wire.py), since a
name may lead elsewhere tomorrow.
"""

from shared.adapters.http.resolve import Resolve, resolve_within, system_resolver
from shared.core.egress import Allow, EgressRefused, Target, check_addresses, is_allowed, target_of
from shared.core.errors import FieldError
from shared.core.outbound.errors import ConnectFailed, TimedOut

RESOLVE_S = 3.0
"""Seconds a name server may take."""


class EgressGuard:
    """The :class:`shared.webhooks.ports.UrlGuard`."""

    def __init__(self, allow: Allow, resolve: Resolve = system_resolver) -> None:
        """``allow``: Config.egress_allow."""
        self._allow = allow
        self._resolve = resolve

    def check(self, url: str) -> Target:
        """The URL rebuilt from its parts. Raises :class:`EgressRefused` pointing at ``/url``."""
        try:
            target = target_of(url, self._allow)
            if not is_allowed(target.host, target.port, self._allow):
                check_addresses(resolve_within(self._resolve, target.host, target.port, RESOLVE_S))
        except EgressRefused as refused:
            raise EgressRefused(fields=[FieldError("/url", refused.detail)]) from refused
        except (ConnectFailed, TimedOut) as error:
            raise EgressRefused(fields=[FieldError("/url", "The host does not resolve")]) from error
        return target
