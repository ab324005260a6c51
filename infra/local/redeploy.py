"""`make redeploy`: changed code into the running stack, past CloudFormation when that is safe.

Only code changed: the same bundler makes the zips, and the functions are given them
directly. Anything of `infra/` or a lock changed: a real deploy. `make up` puts right
whatever a direct update left different from the template.
"""

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra import bundling, names, settings
from infra.functions import FUNCTIONS, Function
from infra.local import aws, deploy, servers
from infra.local.paths import ROOT, STATE
from infra.local.steps import step

_RECORD = STATE / "redeployed.json"  # function -> what was given to it directly


def templates() -> str:
    """A hash of what only a real deploy may change: the app, the locks, the set of functions."""
    digest = hashlib.sha256(" ".join(f.path for f in FUNCTIONS if bundling.exists(f.path)).encode())
    for top in ("infra", "layers"):
        for path in sorted((ROOT / top).rglob("*")):
            # What runs around the deploy is not part of it.
            if path.is_file() and path.suffix != ".pyc" and "local" not in path.parts[len(ROOT.parts) :]:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _shared_layer(region: str, archive: Path) -> str:
    lambda_ = aws.client("lambda", region)
    published = lambda_.publish_layer_version(
        LayerName=names.resource(deploy.STAGE, "shared-direct"), Content={"ZipFile": archive.read_bytes()}
    )
    return str(published["LayerVersionArn"])


def _give(region: str, spec: Function, archive: Path, shared_arn: str) -> None:
    """A function its code and the shared layer; a hot one a version behind its alias."""
    lambda_ = aws.client("lambda", region)
    name = names.function(deploy.STAGE, spec.path)
    layers = [layer["Arn"] for layer in lambda_.get_function_configuration(FunctionName=name).get("Layers", [])]
    # The shared layer is the second of the list in infra/constructs/function.py.
    lambda_.update_function_configuration(FunctionName=name, Layers=[layers[0], shared_arn, *layers[2:]])
    lambda_.update_function_code(FunctionName=name, ZipFile=archive.read_bytes())
    if spec.hot:
        version = lambda_.publish_version(FunctionName=name)["Version"]
        lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def sync(stage: settings.Stage) -> int:
    """Give every function the code of this work tree; how many were changed."""
    target = bundling.this_machine()
    shared = bundling.shared(target)
    wanted = {f.path: bundling.function(f.path, target) for f in FUNCTIONS if bundling.exists(f.path)}
    recorded: dict[str, str] = json.loads(_RECORD.read_text()) if _RECORD.exists() else {}
    made_of = {path: f"{archive.name} {shared.name}" for path, archive in wanted.items()}
    changed = [f for f in FUNCTIONS if f.path in wanted and recorded.get(f.path) != made_of[f.path]]
    if not changed:
        return 0
    for region in stage.regions:
        arn = _shared_layer(region, shared)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda spec, r=region, a=arn: _give(r, spec, wanted[spec.path], a), changed))
    _RECORD.write_text(json.dumps(made_of, indent=2))
    return len(changed)


def settle(stage: settings.Stage) -> None:
    """After a real deploy: remember what it was made of, and undo direct updates it did not see."""
    (STATE / "templates").write_text(templates())
    if _RECORD.exists():
        sync(stage)


def redeploy() -> None:
    """Bring the running stack to the work tree's code. Run `make up` first."""
    began = time.monotonic()
    stage = settings.stage(deploy.STAGE)
    stamp = STATE / "templates"
    if not stamp.exists() or stamp.read_text() != templates():
        deploy.deploy()
        settle(stage)
    with step("changed functions"):
        count = sync(stage)
    regions = servers.regions(stage)
    with step("edge and chat app"):
        for region in regions:
            servers.start(stage, region)
        for region in regions:
            servers.wait(f"{region.base_url}/v1/health", f"edge-{region.name}")
    print(f"  {count} functions changed, running after {time.monotonic() - began:.1f} s")
