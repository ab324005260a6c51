"""The ports of the pipeline, and its limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from shared.core.audit import AuditLog
from shared.core.clock import Clock, system
from shared.core.config import Config
from shared.core.errors import TooManyRequests
from shared.core.http.request import Request
from shared.core.idempotency import IdempotencyStore
from shared.core.limits import Limiter, Policy, StoreDown
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.scope import Principal

IP_POLICY = Policy("ip", quota=6_000, burst=60, per_second=20)
"""Per address, for public routes and for refused credentials: generous, since many callers may share one."""


class Authenticate(Protocol):
    """Turns credentials into a principal, or raises 401."""

    def __call__(self, request: Request, now: int) -> Principal:
        """Raises :class:`shared.core.errors.Unauthorized`."""


class Reporter(Protocol):
    """What telling of a call needs; the guards have it, and so has a function without callers to guard against."""

    @property
    def clock(self) -> Clock:
        """Milliseconds."""

    @property
    def logger(self) -> Logger:
        """Structured lines."""

    @property
    def metrics(self) -> Metrics:
        """EMF lines."""


@dataclass(frozen=True)
class Guards:
    """The ports the pipeline needs. The ports of writes are made on first use: most calls never need them."""

    config: Config
    authenticate: Authenticate
    limiter: Limiter
    idempotency: Callable[[], IdempotencyStore]
    audit: Callable[[], AuditLog]
    clock: Clock = system
    logger: Logger = field(default_factory=Logger)
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def policy(self) -> Policy:
        """The default limit of a principal: the hourly quota, a tenth of it at once."""
        quota = self.config.hourly_limit
        return Policy("default", quota=quota, burst=max(20, quota // 10), per_second=max(10.0, quota / 360))


def limit(guards: Guards, key: str, policy: Policy, now: int, route: str) -> dict[str, str]:
    """Count the call; the ``RateLimit`` headers. Raises 429. Lets the call through when the store is down."""
    try:
        verdict = guards.limiter.check(key, policy, now)
    except StoreDown:
        guards.logger.emit(Log.LIMITER_UNAVAILABLE, route=route)
        guards.metrics.put({Metric.LIMITER_FAIL_OPEN: 1}, route=route)
        return {}
    if not verdict.allowed:
        guards.logger.emit(Log.LIMIT_REFUSED, route=route, principal=key if not key.startswith("ip:") else None)
        raise TooManyRequests(headers=verdict.headers())
    return verdict.headers()


def limit_address(guards: Guards, request: Request, now: int, route: str) -> dict[str, str]:
    """Count a call of nobody in particular. An IPv6 caller has a /64 of addresses, so that is what is counted."""
    address = request.source_ip
    if ":" in address:
        import ipaddress

        try:
            address = str(ipaddress.ip_network(f"{address}/64", strict=False))
        except ValueError:
            address = "unknown"
    return limit(guards, f"ip:{address}", IP_POLICY, now, route)
