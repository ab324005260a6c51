"""Stopping the stack, and forgetting it. Standard library only: works without an environment."""

from infra.local import ministack, processes
from infra.local.paths import RUN, STACK_FILE
from infra.local.steps import step
from infra.settings import lock_path

_SERVERS = ("edge-", "chat-")
_GRACE_S = 5.0


def stop_servers() -> None:
    """End every edge and chat app of this stack."""
    for record in sorted(RUN.glob("*.pid")):
        if record.stem.startswith(_SERVERS):
            processes.stop(record.stem, grace_s=_GRACE_S)


def down() -> None:
    """Stop everything; the emulator writes its state first."""
    with step("edge and chat app stop"):
        stop_servers()
    with step("MiniStack writes its state and stops"):
        ministack.stop()


def reset() -> None:
    """Stop everything and forget organizations, tables, queues, stacks."""
    down()
    with step("state deleted"):
        ministack.forget()
        STACK_FILE.unlink(missing_ok=True)
        lock_path("local").unlink(missing_ok=True)
