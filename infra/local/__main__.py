"""The stack's commands: `python -m infra.local up|down|reset|logs|redeploy`."""

import sys
from collections.abc import Callable


def _up() -> None:
    from infra.local.up import up

    up()


def _redeploy() -> None:
    from infra.local.redeploy import redeploy

    redeploy()


def _down() -> None:
    from infra.local.down import down

    down()


def _reset() -> None:
    from infra.local.down import reset

    reset()


def _logs() -> None:
    from infra.local.logs import follow

    follow()


COMMANDS: dict[str, Callable[[], None]] = {
    "down": _down,
    "logs": _logs,
    "redeploy": _redeploy,
    "reset": _reset,
    "up": _up,
}


def main() -> int:
    """Run the command that the first argument names."""
    command = COMMANDS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if command is None:
        print(f"one of: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    command()
    return 0


if __name__ == "__main__":
    sys.exit(main())
