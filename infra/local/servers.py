"""The programs beside the emulator: the chat app and the edge, one pair per region."""

import configparser
import hashlib
import json
import os
import shutil
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra import bundling, names
from infra.local import aws, processes
from infra.local.paths import EMULATOR, LOGS, ROOT, ROOT_KEY, RUN, service_environment
from infra.local.steps import StepFailed
from infra.settings import Stage

CHAT = "llm/chat"
# 8080 -> 10080: out of the way of further regions, and of the peers that tests start (infra/settings.py).
_CHAT_PORT_OFFSET = 2000
_ANSWERS_S = 20.0


@dataclass(frozen=True)
class Region:
    """Where one region's parts listen."""

    name: str
    port: int
    http_api: str

    @property
    def base_url(self) -> str:
        """What callers use, and what signatures over URLs are made for."""
        return f"http://localhost:{self.port}"

    @property
    def chat_url(self) -> str:
        """The chat app's own address."""
        return f"http://127.0.0.1:{self.port + _CHAT_PORT_OFFSET}"


def regions(stage: Stage) -> list[Region]:
    """Every deployed region with its port and the address of its emulated HTTP API."""
    found = []
    for name in stage.regions:
        api = aws.outputs(names.stack(stage.name, name, "edge"), name)["HttpApiId"]
        port = int(stage.base_urls[name].rpartition(":")[2])
        found.append(Region(name, port, f"{EMULATOR}/_aws/execute-api/{api}/$default"))
    return found


def _chat_environment(stage: Stage, region: Region, task: Path) -> dict[str, str]:
    """What the deployed function is given, and its role's credentials instead of anyone else's.

    The credentials come from a profile that assumes the role, so botocore renews them and
    IAM is enforced as for every other function.
    """
    function = aws.client("lambda", region.name).get_function_configuration(
        FunctionName=names.function(stage.name, CHAT)
    )
    profile = configparser.ConfigParser()
    profile["profile root"] = {"aws_access_key_id": ROOT_KEY, "aws_secret_access_key": ROOT_KEY}
    profile["profile chat"] = {"role_arn": function["Role"], "source_profile": "root"}
    path = RUN / f"chat-{region.name}.aws"
    with path.open("w") as out:
        profile.write(out)
    return {
        **service_environment(),
        **function["Environment"]["Variables"],
        "AWS_CONFIG_FILE": str(path),
        "AWS_DEFAULT_REGION": region.name,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": EMULATOR,
        "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
        "AWS_LWA_PORT": region.chat_url.rpartition(":")[2],
        "AWS_PROFILE": "chat",
        "AWS_REGION": region.name,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "LAMBDA_TASK_ROOT": str(task),
        "LAYERS_ROOT": str(task),
    }


def unpacked_chat() -> Path:
    """The chat function's zip and layers side by side, as Lambda lays them out; kept by content."""
    target = bundling.this_machine()
    layers = [bundling.dependencies("deps", target), bundling.dependencies("asgi", target), bundling.shared(target)]
    archives = [bundling.function(CHAT, target), *layers]
    digest = hashlib.sha256(" ".join(archive.name for archive in archives).encode()).hexdigest()
    folder = RUN / "chat"
    task = folder / digest[:20]
    if not task.exists():
        shutil.rmtree(folder, ignore_errors=True)
        for archive in archives:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(task)
    return task


def _keep(name: str, command: list[str], env: dict[str, str], *, cwd: Path = ROOT, code: str = "") -> None:
    """Have the program run with exactly this command, environment and code."""
    wanted = hashlib.sha256(json.dumps([command, sorted(env.items()), code]).encode()).hexdigest()
    record = RUN / f"{name}.made-of"
    if processes.running(name) and record.exists() and record.read_text() == wanted:
        return
    processes.stop(name, grace_s=5)
    processes.start(name, command, env, cwd)
    record.write_text(wanted)


def start_chat(stage: Stage, region: Region, task: Path) -> None:
    """The chat app of one region as the artefact runs on AWS: `run.sh` in the folder it is unpacked in.

    In that folder: Python looks in the working directory first, and would find the work tree's sources in ROOT.
    """
    environment = _chat_environment(stage, region, task)
    _keep(f"chat-{region.name}", ["sh", str(task / "run.sh")], environment, cwd=task)


def start(stage: Stage, region: Region) -> None:
    """The chat app (when it is deployed) and the edge of one region, restarted if they changed."""
    RUN.mkdir(parents=True, exist_ok=True)
    if bundling.exists(CHAT):
        start_chat(stage, region, unpacked_chat())
    _keep(
        f"edge-{region.name}",
        [
            *[str(ROOT / ".venv/bin/python"), "-m", "infra.local.edge", str(region.port)],
            *[region.http_api, region.chat_url],
        ],
        {**service_environment(), "PYTHONPATH": str(ROOT)},
        code=(ROOT / "infra/local/edge.py").read_text(),
    )


def wait(url: str, log: str) -> None:
    """Until `url` answers at all. Raises StepFailed naming the log of what should answer."""
    until = time.monotonic() + _ANSWERS_S
    cause = ""
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=15):
                return
        except urllib.error.HTTPError as error:
            if error.code not in (502, 503):
                return
            cause = f"{error.code} {error.read(300).decode(errors='replace')}"
        except OSError as error:
            cause = str(error)
        time.sleep(0.1)
    raise StepFailed(f"{url} does not answer: {cause}", LOGS / f"{log}.log")
