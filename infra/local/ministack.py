"""MiniStack: AWS on this machine, with IAM enforced and its state on disk.

State is written only when it ends by SIGTERM. It listens on 127.0.0.1.
"""

import json
import shutil
import time
import urllib.error
import urllib.request

from infra.local import processes
from infra.local.paths import EMULATOR, EMULATOR_PORT, LOCAL, PORT_RECORD, ROOT_KEY, SCRATCH, STATE, service_environment
from infra.local.steps import StepFailed

NAME = "ministack"
_START_S = 60.0
_STOP_S = 60.0  # writing the state of a long campaign takes a while


def _environment() -> dict[str, str]:
    return {
        **service_environment(),
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        # `python -m tests.infra.grants` has it keep calls; enough for all tests of a run.
        "CLOUDTRAIL_MAX_EVENTS": "60000",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(EMULATOR_PORT),
        "MINISTACK_HOST": "127.0.0.1",
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(STATE / "s3"),
        "S3_PERSIST": "1",
        "STATE_DIR": str(STATE / "services"),
        "TMPDIR": str(SCRATCH),
    }


def healthy() -> bool:
    """Whether an emulator answers on the port."""
    try:
        with urllib.request.urlopen(f"{EMULATOR}/_ministack/health", timeout=2) as answer:
            return "services" in json.load(answer)
    except (OSError, ValueError):
        return False


def start() -> bool:
    """Start the emulator unless ours runs; True when it was started. Raises StepFailed."""
    ours = processes.running(NAME) is not None
    if ours and PORT_RECORD.read_text() != str(EMULATOR_PORT):
        raise StepFailed(f"this stack's emulator runs on port {PORT_RECORD.read_text()}: make down first")
    if ours and healthy():
        return False
    if healthy():
        raise StepFailed(f"port {EMULATOR_PORT} is taken by another emulator. Stop it, or set MINISTACK_PORT.")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    for folder in (SCRATCH, STATE / "s3", STATE / "services"):
        folder.mkdir(parents=True, exist_ok=True)
    PORT_RECORD.write_text(str(EMULATOR_PORT))
    python = str(LOCAL / "ministack" / "bin" / "python")
    processes.start(NAME, [python, "-m", "ministack"], _environment(), cwd=STATE)
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if healthy():
            return True
        if processes.running(NAME) is None:
            break
        time.sleep(0.05)
    raise StepFailed("MiniStack did not answer", LOCAL / "logs" / f"{NAME}.log")


def stop() -> None:
    """End it so that it writes its state. Raises StepFailed when it had to be killed."""
    if not processes.stop(NAME, grace_s=_STOP_S):
        raise StepFailed("MiniStack did not end in time; its last state is lost", LOCAL / "logs" / f"{NAME}.log")


def forget() -> None:
    """Delete all state of a stopped emulator."""
    shutil.rmtree(STATE, ignore_errors=True)
    shutil.rmtree(SCRATCH, ignore_errors=True)
