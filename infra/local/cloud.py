"""`make synth|diff|deploy STAGE= REGION=`: the CDK command line on one stage and region.

`deploy` also writes what only a deploy finds out into settings.<stage>.lock.json (commit
it), and brings a further region in the one order that works: its replicas first.
"""

import json
import os
import subprocess
import sys

from infra import names, settings
from infra.local.environment import node_environment
from infra.local.paths import CDK, LOCAL, ROOT


def _cdk(*arguments: str) -> None:
    """Run the pinned CDK in view of the user. Leaves with its code on failure."""
    done = subprocess.run([str(CDK), *arguments], cwd=ROOT, env=node_environment(), check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def _remember(stage: settings.Stage, **found: object) -> None:
    path = settings.lock_path(stage.name)
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, **found}, indent=2, sort_keys=True) + "\n")
    print(f"wrote {path.name}: commit it")


def deploy(stage: settings.Stage, region: str) -> None:
    """Deploy one region; a new one gets its replicas from the home region first."""
    outputs = LOCAL / "outputs.json"
    if not stage.is_home(region) and region not in stage.replicated:
        print(f"{region} is new: the home region replicates its tables there first, one region per update")
        _remember(stage, replicated=[*stage.replicated, region])
        os.environ["REGION"] = stage.home_region
        _cdk("deploy", names.stack(stage.name, stage.home_region, "data"), "--exclusively")
        os.environ["REGION"] = region
    _cdk("deploy", names.stack(stage.name, region, "*"), "--outputs-file", str(outputs))
    found = json.loads(outputs.read_text()) if outputs.exists() else {}
    arn = found.get(names.stack(stage.name, region, "keys"), {}).get("KeyArn")
    if stage.is_home(region) and arn and arn != stage.key_arn:
        _remember(stage, key_arn=arn)


def main() -> int:
    """Run the command that the first argument names; 2 with a sentence for wrong settings."""
    command = sys.argv[1]
    try:
        stage = settings.stage(os.environ.get("STAGE", ""))
    except settings.SettingsError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 2
    region = os.environ.get("REGION") or stage.home_region
    if region not in stage.regions or stage.emulated:
        print(f"✗ REGION: {stage.name} is in {', '.join(stage.regions)}; the emulator is `make up`", file=sys.stderr)
        return 2
    os.environ["REGION"] = region
    pattern = names.stack(stage.name, region, "*")
    if command == "deploy":
        deploy(stage, region)
    elif command == "synth":
        _cdk("synth", pattern, "--quiet")
    else:
        _cdk("diff", pattern)
    return 0


if __name__ == "__main__":
    sys.exit(main())
