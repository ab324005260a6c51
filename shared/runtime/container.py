"""The composition root: builds the production application, each part on first use.

A function pays for what it touches, in import time and in grants. What each of its requests needs, a handler names
outside its routes: the init phase builds it, with more CPU than a request gets, and no caller waits.
Tests replace parts by assigning to the attribute (every part is a ``cached_property``). Only handlers import this
module.
"""

import random
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.adapters.aws import Client
from shared.adapters.dynamodb.client import make_client
from shared.adapters.dynamodb.table import DynamoTable
from shared.core.clock import Clock, system
from shared.core.config import Config, Table
from shared.core.logs import Log, Logger
from shared.core.metrics import Metric, Metrics
from shared.core.scope import OrgScope

if TYPE_CHECKING:
    from shared.adapters.dynamodb.agora_apps import Cache
    from shared.adapters.dynamodb.endpoints import Cache as EndpointCache
    from shared.adapters.dynamodb.probe import DynamoProbe
    from shared.adapters.dynamodb.work import DynamoWork
    from shared.agora.apps import AgoraApps
    from shared.core.audit import AuditLog
    from shared.core.breaker import Breaker, BreakerPolicy, Circuit
    from shared.core.http.guards import Guards
    from shared.core.idempotency import IdempotencyStore
    from shared.core.limits import Limiter
    from shared.core.outbound.message import Sender
    from shared.core.secrets import TenantCipher
    from shared.core.work.dispatch import Dispatcher
    from shared.core.work.item import WorkRef
    from shared.core.work.store import WorkQueue, WorkStore
    from shared.core.work.sweep import Sweep
    from shared.identity.authenticate import Authenticator
    from shared.identity.keys import ApiKeys
    from shared.identity.organizations import Organizations
    from shared.identity.tokens import SigningKeys
    from shared.webhooks.ports import (
        Deliveries,
        Endpoints,
        Messages,
        Notices,
        SourceDirectory,
        Sources,
        UrlGuard,
    )

# Imports inside the properties below are deliberate (ruff: PLC0415): a function imports only what it uses.


class Container:
    """One per process."""

    def __init__(self, config: Config | None = None, clock: Clock = system) -> None:
        """``config`` defaults to the environment's."""
        self.config = config or Config()
        self.clock = clock
        self.chance: Callable[[], float] = random.random
        self._agora_apps: Cache = {}
        self._endpoints: EndpointCache = {}

    @cached_property
    def logger(self) -> Logger:
        """Structured lines to stdout."""
        level = self.config.environ.get("LOG_LEVEL", "INFO")
        return Logger(self.config.stage, self.config.function, level, self.clock)

    @cached_property
    def metrics(self) -> Metrics:
        """EMF lines to stdout."""
        return Metrics(self.config.stage, self.config.function, self.clock)

    @cached_property
    def dynamodb(self) -> Client:
        """The client for data."""
        return make_client(self.config.region)

    def table(self, name: Table) -> DynamoTable:
        """A table this function was given."""
        return DynamoTable(self.dynamodb, self.config.table(name))

    @cached_property
    def cipher(self) -> "TenantCipher":
        """Tenant encryption."""
        from shared.adapters.kms import KmsCipher
        from shared.adapters.kms import make_client as make_kms

        return KmsCipher(make_kms(self.config.region), self.config.kms_key, self.clock)

    @cached_property
    def impatient_dynamodb(self) -> Client:
        """The client of limiter and breaker: it gives up after half a second, and does not retry."""
        from shared.adapters.dynamodb.limits import CONNECT_S, READ_S

        return make_client(self.config.region, connect_s=CONNECT_S, read_s=READ_S, attempts=1)

    @cached_property
    def limiter(self) -> "Limiter":
        """Over the impatient client."""
        from shared.adapters.dynamodb.limits import DynamoLimits
        from shared.core.limits import Limiter

        return Limiter(DynamoLimits(self.impatient_dynamodb, self.config.table("limits")))

    @cached_property
    def breaker(self) -> "Breaker":
        """Of customers' own parties, by the usual policy."""
        from shared.core.breaker import BreakerPolicy

        return self.make_breaker(BreakerPolicy())

    def make_breaker(self, policy: "BreakerPolicy") -> "Breaker":
        """Over the region's circuits, by the impatient client; its trouble is told and lets calls through."""
        from shared.adapters.dynamodb.breaker import DynamoCircuits
        from shared.core.breaker import Breaker, State
        from shared.core.ids import seed

        def changed(before: "Circuit", after: "Circuit") -> None:
            self.logger.emit(Log.CIRCUIT_CHANGED, circuit=after.name, reason=f"{before.state} to {after.state}")
            if after.state is State.OPEN:
                self.metrics.put({Metric.CIRCUIT_OPENED: 1})

        def blind() -> None:
            self.logger.emit(Log.BREAKER_UNAVAILABLE)
            self.metrics.put({Metric.BREAKER_FAIL_OPEN: 1})

        return Breaker(
            DynamoCircuits(DynamoTable(self.impatient_dynamodb, self.config.table("limits"))),
            policy,
            clock=self.clock,
            new_probe=seed,
            watch=changed,
            blind=blind,
        )

    @cached_property
    def authenticator(self) -> "Authenticator":
        """API keys and access tokens."""
        from shared.adapters.dynamodb.api_keys import DynamoKeyDirectory
        from shared.identity.authenticate import Authenticator

        directory = DynamoKeyDirectory(self.table("platform"))
        return Authenticator(directory, lambda: self.verifying_keys, self.config.public_base_url)

    @cached_property
    def verifying_keys(self) -> "SigningKeys":
        """The public halves."""
        from shared.adapters.dynamodb.signing_keys import DynamoSigningKeys

        return DynamoSigningKeys(self.table("platform"), None, self.config.region, self.clock)

    @cached_property
    def signing_keys(self) -> "SigningKeys":
        """With the private half: one function signs."""
        from shared.adapters.dynamodb.signing_keys import DynamoSigningKeys

        return DynamoSigningKeys(self.table("platform"), self.cipher, self.config.region, self.clock)

    @cached_property
    def idempotency(self) -> "IdempotencyStore":
        """Answers kept for replay."""
        from shared.adapters.dynamodb.idempotency import DynamoIdempotency

        return DynamoIdempotency(self.table("limits"), self.cipher, self.config.region)

    @cached_property
    def audit(self) -> "AuditLog":
        """The audit chains."""
        from shared.adapters.dynamodb.audit import DynamoAudit

        return DynamoAudit(self.table("audit"), self.config.region)

    @cached_property
    def probe(self) -> "DynamoProbe":
        """Asks the tables this function was given."""
        from shared.adapters.dynamodb.probe import DynamoProbe

        return DynamoProbe(make_client(self.config.region, read_s=1.0, attempts=1))

    @cached_property
    def guards(self) -> "Guards":
        """What the pipeline needs."""
        from shared.core.http.guards import Guards

        return Guards(
            config=self.config,
            authenticate=self.authenticator,
            limiter=self.limiter,
            idempotency=lambda: self.idempotency,
            audit=lambda: self.audit,
            clock=self.clock,
            logger=self.logger,
            metrics=self.metrics,
        )

    @cached_property
    def events_work(self) -> "DynamoWork":
        """Work items of the ``events`` table."""
        from shared.adapters.dynamodb.work import DynamoWork

        return DynamoWork(self.table("events"), self.config.region)

    @cached_property
    def crm_work(self) -> "DynamoWork":
        """Work items of the ``crm`` table."""
        from shared.adapters.dynamodb.work import DynamoWork

        return DynamoWork(self.table("crm"), self.config.region)

    @cached_property
    def work_queue(self) -> "WorkQueue":
        """The queues of all kinds."""
        from shared.adapters.sqs import SqsWorkQueue

        return SqsWorkQueue(self.sqs, self.config.queue)

    @cached_property
    def sqs(self) -> Client:
        """The client for queues."""
        from shared.adapters.sqs import make_client as make_sqs

        return make_sqs(self.config.region)

    @cached_property
    def exhausted_notices(self) -> "Notices":
        """The dead-letter queue of exhausted deliveries."""
        from shared.adapters.sqs import SqsNotices

        return SqsNotices(self.sqs, self.config.queue("webhook_exhausted"))

    def dispatcher(self, store: "WorkStore") -> "Dispatcher":
        """Accepts work into one store."""
        from shared.core.work.dispatch import Dispatcher

        return Dispatcher(store, self.work_queue, self.config.region, self.logger, self.metrics)

    @cached_property
    def sweep(self) -> "Sweep":
        """Over every table that holds work."""
        from shared.core.work.sweep import Sweep

        stores: dict[str, WorkStore] = {"events": self.events_work, "crm": self.crm_work}
        return Sweep(stores, self.work_queue, self.config.region, self.clock, self.logger, self.metrics)

    @cached_property
    def organizations(self) -> "Organizations":
        """All of them."""
        from shared.adapters.dynamodb.organizations import DynamoOrganizations

        return DynamoOrganizations(self.table("platform"), self.config.region)

    def api_keys(self, org: OrgScope) -> "ApiKeys":
        """Of one organization."""
        from shared.adapters.dynamodb.api_keys import DynamoApiKeys

        return DynamoApiKeys(self.table("platform"), org, self.config.region)

    @cached_property
    def agora_apps(self) -> "Callable[[OrgScope], AgoraApps]":
        """Of one organization; remembered for 60 seconds."""
        from shared.adapters.dynamodb.agora_apps import DynamoAgoraApps

        table, cipher, remembered = self.table("platform"), self.cipher, self._agora_apps
        return lambda org: DynamoAgoraApps(table, cipher, org, self.config.region, self.clock, remembered)

    @cached_property
    def http(self) -> "Sender":
        """The outbound client, behind the egress guard."""
        from shared.adapters.http.client import HttpClient

        return HttpClient(allow=self.config.egress_allow, clock=self.clock)

    @cached_property
    def url_guard(self) -> "UrlGuard":
        """Judges a customer's URL when it is registered."""
        from shared.adapters.http.guard import EgressGuard

        return EgressGuard(self.config.egress_allow)

    @cached_property
    def source_directory(self) -> "SourceDirectory":
        """Inbound sources by their token; remembered for 60 seconds."""
        from shared.adapters.dynamodb.sources import DynamoSourceDirectory

        return DynamoSourceDirectory(self.table("platform"), self.cipher)

    def sources(self, org: OrgScope) -> "Sources":
        """Of one organization."""
        from shared.adapters.dynamodb.sources import DynamoSources

        return DynamoSources(self.table("platform"), self.cipher, org, self.config.region)

    def endpoints(self, org: OrgScope) -> "Endpoints":
        """Of one organization; opened ones are remembered for 60 seconds."""
        from shared.adapters.dynamodb.endpoints import DynamoEndpoints

        return DynamoEndpoints(self.table("platform"), lambda: self.cipher, org, self.config.region, self._endpoints)

    def messages(self, org: OrgScope) -> "Messages":
        """Of one organization."""
        from shared.adapters.dynamodb.messages import DynamoMessages

        return DynamoMessages(self.table("events"), org, self.config.region)

    def deliveries(self, org: OrgScope) -> "Deliveries":
        """Of one organization."""
        from shared.adapters.dynamodb.deliveries import DynamoDeliveries

        return DynamoDeliveries(self.table("events"), org, self.config.region)

    @cached_property
    def inbound_ref(self) -> "Callable[[OrgScope, str], WorkRef]":
        """Names the work item of an organization's inbound event."""
        from shared.adapters.dynamodb.deliveries import inbound_ref

        return inbound_ref
