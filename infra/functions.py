"""Every function: what calls it, what it is given, what it may do. Edit here, deploy, done.

`python -m tests.infra.grants compare` compares this table with what the code really calls.
A grant is a table or queue by name plus the item actions used on it; nothing is implied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.tables import TABLES

# Item actions. A transaction is authorised as the item actions it contains.
GET, QUERY = "GetItem", "Query"
PUT, UPDATE, DELETE = "PutItem", "UpdateItem", "DeleteItem"
BATCH_GET = "BatchGetItem"

# The pipeline of shared/core/http: who calls (a key, or the keys that sign access tokens) and how often.
_CALLER = {"platform": {GET, QUERY}, "limits": {UPDATE}}
# Routes that honour Idempotency-Key; the answer they keep is sealed, so they need the key too.
_REPLAYS = {"limits": {PUT, UPDATE, DELETE}}
# Calls another party behind the circuit breaker: its state is read, and written when a call fails.
_BREAKER = {"limits": {GET, UPDATE}}
# Routes that change something: one entry on the chain, whose head is queried once.
_AUDITED = {"audit": {PUT, QUERY}}

# Purposes of tenants' data keys (shared/core/secrets.py). A role's use of KMS is conditioned on them, so that
# reading another purpose's item from a shared table is not enough to open it.
SIGNING, IDEMPOTENCY = "signing", "idempotency"
AGORA, WEBHOOKS, LLM, CRM = "agora", "webhooks", "llm", "crm"

KEEP_WARM_MB = 1024  # a vCPU's worth during INIT; less memory imports more slowly


def _grants(*parts: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    merged: dict[str, set[str]] = {}
    for part in parts:
        for name, actions in part.items():
            merged.setdefault(name, set()).update(actions)
    return {name: frozenset(actions) for name, actions in merged.items()}


@dataclass(frozen=True)
class Function:
    """One deployable folder below `functions`."""

    path: str
    # HTTP API prefixes: `ANY <prefix>` and `ANY <prefix>/{proxy+}`.
    prefixes: tuple[str, ...] = ()
    # HTTP API routes taken as they are.
    routes: tuple[str, ...] = ()
    tables: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # Indexes queried, as "table/index".
    indexes: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    consumes: str | None = None
    # Purposes it encrypts for, and purposes it decrypts.
    seals: frozenset[str] = frozenset()
    opens: frozenset[str] = frozenset()
    # Calls customer-supplied URLs or providers: gets EGRESS_ALLOW.
    outbound: bool = False
    every_minute: bool = False
    # Behind the streaming REST API, started by run.sh.
    streaming: bool = False
    # Hot: alias, and canary where the stage asks for it.
    hot: bool = False
    memory_mb: int = 512
    timeout_s: int = 29

    @property
    def uses_key(self) -> bool:
        """Whether it needs the tenant key at all."""
        return bool(self.seals or self.opens)

    @property
    def answers(self) -> bool:
        """Whether HTTP requests reach it."""
        return bool(self.prefixes or self.routes or self.streaming)

    @property
    def domain(self) -> str:
        """The first folder, which names the stack."""
        return self.path.split("/", 1)[0]


FUNCTIONS = (
    Function(
        "identity/keys",
        prefixes=("/v1/api-keys",),
        tables=_grants(_CALLER, _REPLAYS, _AUDITED, {"platform": {PUT, DELETE}}),
        seals=frozenset({IDEMPOTENCY}),
        opens=frozenset({IDEMPOTENCY}),
    ),
    Function(
        "identity/token",
        prefixes=("/v1/auth/token",),
        routes=("GET /.well-known/jwks.json",),
        tables=_grants(_CALLER, {"platform": {PUT}}),
        seals=frozenset({SIGNING}),
        opens=frozenset({SIGNING}),
    ),
    Function(
        "platform/status",
        prefixes=("/v1/health", "/v1/openapi.json"),
        tables=_grants(*({table.name: {GET}} for table in TABLES), {"limits": {UPDATE}}),
    ),
    Function("platform/audit", prefixes=("/v1/audit",), tables=_grants(_CALLER, {"audit": {QUERY}})),
    Function("platform/fallback", routes=("$default",), memory_mb=256),
    Function(
        "platform/sweep",
        tables=_grants({"events": {UPDATE}, "crm": {UPDATE}}),
        indexes=("events/work", "crm/work"),
        # The dead-letter queues: for what kills one worker after the other.
        sends=("inbound", "delivery", "crm-sync", "inbound-dlq", "delivery-dlq", "crm-sync-dlq"),
        every_minute=True,
        timeout_s=55,
    ),
    Function(
        "agora/tokens",
        prefixes=("/v1/agora/tokens",),
        tables=_grants(_CALLER),
        opens=frozenset({AGORA}),
        hot=True,
        memory_mb=KEEP_WARM_MB,
    ),
    Function(
        "agora/apps",
        prefixes=("/v1/agora/apps",),
        tables=_grants(_CALLER, _AUDITED, {"platform": {PUT, DELETE}}),
        seals=frozenset({AGORA}),
    ),
    Function(
        "webhooks/manage",
        prefixes=("/v1/webhooks", "/v1/sources"),
        tables=_grants(
            *(_CALLER, _REPLAYS, _AUDITED),
            {"platform": {PUT, DELETE}},
            {"events": {GET, QUERY, BATCH_GET, UPDATE}},
        ),
        indexes=("events/listing",),
        sends=("delivery",),
        seals=frozenset({WEBHOOKS, IDEMPOTENCY}),
        opens=frozenset({IDEMPOTENCY}),
        outbound=True,  # resolves endpoints' names; calls nobody
    ),
    Function(
        "webhooks/receive",
        prefixes=("/v1/hooks",),
        tables=_grants({"platform": {GET}, "events": {PUT}, "limits": {UPDATE}}),
        sends=("inbound",),
        opens=frozenset({WEBHOOKS}),
        hot=True,
        memory_mb=KEEP_WARM_MB,
    ),
    Function(
        "webhooks/process",
        consumes="inbound",
        tables=_grants({"platform": {QUERY}, "events": {PUT, UPDATE}}),
        sends=("delivery",),
    ),
    Function(
        "webhooks/deliver",
        consumes="delivery",
        tables=_grants(_BREAKER, {"platform": {GET, UPDATE}, "events": {GET, UPDATE}}),
        sends=("delivery", "webhook-exhausted"),
        opens=frozenset({WEBHOOKS}),
        outbound=True,
        timeout_s=60,  # below the claim's lease of 75 s: a worker never outlives its claim
    ),
    Function(
        "llm/manage",
        prefixes=("/v1/llm",),
        tables=_grants(_CALLER, _AUDITED, {"platform": {PUT}}),
        seals=frozenset({LLM}),
        outbound=True,  # judges the upstream's URL by its text; resolves and calls nobody
    ),
    Function(
        "llm/chat",
        streaming=True,
        tables=_grants(_CALLER, _BREAKER, {"llm": {PUT}}),
        opens=frozenset({LLM}),
        outbound=True,
        hot=True,
        memory_mb=KEEP_WARM_MB,
        timeout_s=300,
    ),
    Function(
        "crm/connections",
        prefixes=("/v1/connections",),
        tables=_grants(
            *(_CALLER, _REPLAYS, _AUDITED),
            {"platform": {PUT, DELETE}},
            {"crm": {GET, BATCH_GET, PUT, UPDATE, DELETE}},
        ),
        sends=("crm-sync",),
        seals=frozenset({CRM, IDEMPOTENCY}),
        opens=frozenset({IDEMPOTENCY}),
    ),
    Function(
        "crm/contacts",
        prefixes=("/v1/crm",),
        tables=_grants(_CALLER, {"crm": {GET, QUERY}}),
        indexes=("crm/listing",),
    ),
    Function(
        "crm/sync",
        consumes="crm-sync",
        tables=_grants(_BREAKER, {"platform": {GET}, "crm": {BATCH_GET, PUT, UPDATE}}),
        sends=("crm-sync",),
        opens=frozenset({CRM}),
        outbound=True,
        timeout_s=60,  # below the claim's lease of 90 s: a worker never outlives its claim
    ),
)
