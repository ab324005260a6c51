"""Stages: where the app runs and how careful it is there. Edit this file, nothing else.

`stage("prod")` gives one validated, frozen value; a mistake raises SettingsError naming the
key. What a deploy finds out (the ARN of the replicated key, regions already replicated) is
kept beside this file in `settings.<stage>.lock.json`, written by `make deploy`, committed.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")
_ORIGIN = re.compile(r"^https?://[^/\s]+$")
_NAME = re.compile(r"^[a-z][a-z0-9]{1,11}$")

# Days CloudWatch Logs accepts as a retention.
_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)


class SettingsError(ValueError):
    """A setting is wrong; the message begins with its key."""


@dataclass(frozen=True)
class Domain:
    """A custom domain shared by every region of a stage.

    `certificate_arns` maps region -> ACM certificate for `name` in that region. With a
    `hosted_zone_id`, each region adds a latency record for itself.
    """

    name: str
    certificate_arns: Mapping[str, str]
    hosted_zone_id: str | None = None


@dataclass(frozen=True)
class Stage:
    """One installation. Two stages share nothing but code."""

    name: str
    home_region: str
    # Every region, home first. Adding one: docs/deploy.md.
    regions: tuple[str, ...]
    # None: whatever account the credentials at deploy time belong to.
    account: str | None = None
    domain: Domain | None = None
    cors_origins: tuple[str, ...] = ()
    # host:port pairs that may be http or private. Tests need them; a cloud stage may not.
    egress_allow: tuple[str, ...] = ()
    # Instead of HubSpot's own API: the stand-in of an emulated stage.
    hubspot_base_url: str | None = None
    # SNS topic per region that receives every alarm.
    alarm_topics: Mapping[str, str] = field(default_factory=dict)
    hourly_limit: int = 1000
    log_level: str = "INFO"
    log_retention_days: int = 30
    # Tables and keys survive `cdk destroy`, and tables refuse deletion.
    retain: bool = True
    # Hot functions move 10 % of traffic for five minutes before the rest.
    canary: bool = False
    # Without bytecode of the runtime's own Python a cold start takes 2.6 times as long.
    require_bytecode: bool = False
    # The Lambda Web Adapter layer per region; AWS publishes it, `arm64`, for streaming.
    web_adapter_layer: str = "arn:aws:lambda:{region}:753240598075:layer:LambdaAdapterLayerArm64:25"
    # MiniStack: no replicas through CloudFormation, Python of this machine, one base URL.
    emulated: bool = False
    # Region -> base URL, where no domain gives it (emulated stages only).
    base_urls: Mapping[str, str] = field(default_factory=dict)
    # From settings.<stage>.lock.json.
    key_arn: str | None = None
    replicated: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse later, naming the key now."""
        for key, problem in _problems(self):
            raise SettingsError(f"{self.name}.{key}: {problem}")

    def is_home(self, region: str) -> bool:
        """Whether `region` owns what exists once: the key and the replicated tables."""
        return region == self.home_region

    def replica_key_arn(self, region: str) -> str:
        """ARN of the tenant key in a region that is not home, once the home region has one.

        Members of a multi-Region key share their id, so only the region differs. Before
        that, an ARN of the right shape: infra/app.py refuses to deploy it.
        """
        known = self.key_arn or f"arn:aws:kms:{self.home_region}:{self.account or '0' * 12}:key/mrk-unknown"
        return known.replace(f":{self.home_region}:", f":{region}:")


def _problems(stage: Stage) -> list[tuple[str, str]]:
    """(key, what is wrong with it) for every rule that `stage` breaks."""
    found: list[tuple[str, str]] = []

    def expect(key: str, problem: str, *, holds: bool) -> None:
        if not holds:
            found.append((key, problem))

    expect("name", "2 to 12 lower-case letters and digits", holds=bool(_NAME.match(stage.name)))
    expect("regions", "needs at least one", holds=bool(stage.regions))
    for region in stage.regions:
        expect("regions", f"{region!r} is not a region", holds=bool(_REGION.match(region)))
    repeated = len(set(stage.regions)) != len(stage.regions)
    expect("regions", "names one twice", holds=not repeated)
    expect(
        "home_region",
        "must be the first of regions",
        holds=stage.regions[:1] == (stage.home_region,),
    )
    account = stage.account
    expect("account", "twelve digits", holds=account is None or bool(re.fullmatch(r"\d{12}", account)))
    for origin in stage.cors_origins:
        expect(
            "cors_origins",
            f"{origin!r} is not scheme://host[:port]",
            holds=bool(_ORIGIN.match(origin)),
        )
    expect(
        "egress_allow",
        "opens private addresses to customers' URLs: only an emulated stage may",
        holds=stage.emulated or not stage.egress_allow,
    )
    expect(
        "hubspot_base_url",
        "sends customers' tokens elsewhere: only an emulated stage may",
        holds=stage.emulated or stage.hubspot_base_url is None,
    )
    expect("hourly_limit", "must be at least 1", holds=stage.hourly_limit >= 1)
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    expect("log_level", f"one of {', '.join(levels)}", holds=stage.log_level in levels)
    expect(
        "log_retention_days",
        f"one of {', '.join(map(str, _RETENTIONS))}",
        holds=stage.log_retention_days in _RETENTIONS,
    )
    if stage.domain:
        for region in stage.regions:
            arn = stage.domain.certificate_arns.get(region, "")
            expect(
                "domain.certificate_arns",
                f"needs an ACM certificate in {region}",
                holds=arn.startswith(f"arn:aws:acm:{region}:"),
            )
    for region in stage.alarm_topics:
        expect("alarm_topics", f"{region!r} is not in regions", holds=region in stage.regions)
    return found


# Third parties that tests and the demo start on this machine: an LLM upstream, a webhook
# receiver, a HubSpot. Any other private address is refused, on a laptop as on AWS.
_LOCAL_PEERS = tuple(f"{host}:{port}" for host in ("127.0.0.1", "localhost") for port in range(9180, 9200))


def _local() -> Stage:
    """The laptop: PORT is the edge's first port, each further region takes the next.

    What is not asked for stays as the last `make up` had it.
    """
    path = lock_path("local")
    last = json.loads(path.read_text()) if path.exists() else {}
    asked = os.environ.get("REGIONS") or last.get("regions") or "us-east-1"
    regions = tuple(filter(None, asked.split(",")))
    port = int(os.environ.get("PORT") or last.get("port") or 8080)
    return Stage(
        name="local",
        account="000000000000",
        home_region=regions[0] if regions else "",
        regions=regions,
        cors_origins=("http://localhost:5173",),
        egress_allow=_LOCAL_PEERS,
        hubspot_base_url="http://127.0.0.1:9183",
        log_retention_days=1,
        retain=False,
        emulated=True,
        base_urls={region: f"http://localhost:{port + i}" for i, region in enumerate(regions)},
    )


def _dev() -> Stage:
    return Stage(
        name="dev",
        home_region="us-east-1",
        regions=("us-east-1",),
        log_retention_days=14,
        retain=False,
    )


def _prod() -> Stage:
    return Stage(
        name="prod",
        home_region="us-east-1",
        regions=("us-east-1", "eu-west-1"),
        log_retention_days=90,
        canary=True,
        require_bytecode=True,
    )


STAGES = {"local": _local, "dev": _dev, "prod": _prod}


def lock_path(name: str) -> Path:
    """Where a stage keeps what its deploys found out; the emulator's is never committed."""
    root = Path(__file__).resolve().parent.parent
    folder = root / ".local" if name == "local" else root
    return folder / f"settings.{name}.lock.json"


def stage(name: str) -> Stage:
    """The validated settings of one stage with its lock applied. Raises SettingsError."""
    if name not in STAGES:
        raise SettingsError(f"stage: {name!r} is not one of {', '.join(STAGES)}")
    path = lock_path(name)
    if not path.exists():
        return STAGES[name]()
    lock = json.loads(path.read_text())
    return replace(STAGES[name](), key_arn=lock.get("key_arn"), replicated=tuple(lock.get("replicated", ())))
