"""Where the local stack keeps what it makes; everything is below `.local/`."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = ROOT / ".local"
LOGS = LOCAL / "logs"
RUN = LOCAL / "run"  # one file per background process: its id
STATE = LOCAL / "state"  # MiniStack's memory, written when it stops
SCRATCH = LOCAL / "tmp"  # unpacked functions
CLOUD_ASSEMBLY = LOCAL / "cdk.local.out"
STACK_FILE = LOCAL / "stack.json"
CDK = ROOT / "node_modules" / ".bin" / "cdk"

# Which port this work tree's emulator listens on: asked for, else as last time, else its own default.
PORT_RECORD = STATE / "port"
_DEFAULT_PORT = "4566"
_KNOWN_PORT = PORT_RECORD.read_text() if PORT_RECORD.exists() else _DEFAULT_PORT
EMULATOR_PORT = int(os.environ.get("MINISTACK_PORT") or _KNOWN_PORT)
# By address, not by name: SDKs then put bucket names in the path, not in the host.
EMULATOR = f"http://127.0.0.1:{EMULATOR_PORT}"
ACCOUNT = "000000000000"
ROOT_KEY = "test"  # the emulator's root user; it listens on this machine only


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that points at a real AWS account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def service_environment() -> dict[str, str]:
    """What a program that stays is started with: the same whoever starts it, so that it is not started again
    because another shell or a test run asked, and functions inherit nobody's settings.
    """
    home = os.environ.get("HOME", "/")
    path = os.pathsep.join([str(ROOT / ".venv" / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])
    return {"HOME": home, "LANG": "C.UTF-8", "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def root_environment(region: str) -> dict[str, str]:
    """The environment in which an AWS tool acts on the emulator as its root user."""
    return {
        **clean_environment(),
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": EMULATOR,
        "AWS_REGION": region,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
