"""Synthesizes the local stage and deploys it into the emulator with the CDK command line."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from infra import names, settings
from infra.local import aws, replicas
from infra.local.paths import ACCOUNT, CDK, CLOUD_ASSEMBLY, EMULATOR_PORT, ROOT, STATE, root_environment
from infra.local.steps import run, step

STAGE = "local"

# All that decides what a synth makes.
_INPUTS = ("cdk.json", "functions", "infra", "layers", "package-lock.json", "shared")


def fingerprint() -> str:
    """One hash over every source of a deploy, the ports and regions asked for, and the lock."""
    digest = hashlib.sha256()
    digest.update(f"{EMULATOR_PORT} {dict(settings.stage(STAGE).base_urls)}\n".encode())
    lock = settings.lock_path(STAGE)
    for path in [*_files(), lock]:
        if path.exists():
            digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _files() -> Iterable[Path]:
    for name in _INPUTS:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix != ".pyc":
                yield path


def _unchanged(stamp: Path) -> bool:
    return stamp.exists() and stamp.read_text() == fingerprint()


def _cdk(*arguments: str, region: str, log: str, only: str = "") -> None:
    environment = {**root_environment(region), "STAGE": STAGE, "REGION": only}
    run([str(CDK), *arguments], env=environment, log=log)


def synth(only: str = "") -> None:
    """Make the cloud assembly of every region, or of one."""
    home = settings.stage(STAGE).home_region
    _cdk("synth", "--quiet", "--output", str(CLOUD_ASSEMBLY), region=home, log="synth.log", only=only)


def _bootstrap(region: str) -> None:
    if aws.outputs("CDKToolkit", region):
        return
    with step(f"CDK bootstrap  {region}"):
        # Without --app the command would synthesize first, which bootstrapping does not need.
        target = f"aws://{ACCOUNT}/{region}"
        _cdk("bootstrap", "--app", "", target, region=region, log=f"bootstrap-{region}.log")


def _deploy(region: str) -> None:
    with step(f"deploy  {region}"):
        _cdk(
            *["deploy", names.stack(STAGE, region, "*"), "--app", str(CLOUD_ASSEMBLY)],
            *["--concurrency", "4", "--require-approval", "never", "--ci", "--progress", "events"],
            region=region,
            log=f"deploy-{region}.log",
        )


def _remember(region: str) -> None:
    """Write what was asked for, and what the home region's deploy found out, into the stage's lock."""
    found = aws.outputs(names.stack(STAGE, region, "keys"), region)
    stage = settings.stage(STAGE)
    kept = {
        "key_arn": found["KeyArn"],
        "port": stage.base_urls[stage.home_region].rpartition(":")[2],
        "regions": ",".join(stage.regions),
    }
    settings.lock_path(STAGE).write_text(json.dumps(kept, indent=2) + "\n")


def deploy() -> None:
    """Bring every region of the local stage to what the sources say.

    The home region comes first; its key and tables are then replicated, as other regions'
    functions are given them by name.
    """
    stamp = STATE / "deployed"
    if _unchanged(stamp):
        return
    stage = settings.stage(STAGE)
    home, *others = stage.regions
    fresh = not aws.outputs(names.stack(STAGE, home, "keys"), home)
    with step("synth"):
        synth(home if fresh else "")
    _bootstrap(home)
    _deploy(home)
    _remember(home)
    if others and fresh:
        with step("synth of the other regions"):
            synth()
    for region in others:
        with step(f"replicate key and tables to {region}"):
            replicas.add(settings.stage(STAGE), region)
        _bootstrap(region)
        _deploy(region)
    stamp.write_text(fingerprint())
