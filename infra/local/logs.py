"""`make logs`: what every function writes, as it comes. Ends with Ctrl-C."""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from infra import names, settings
from infra.local import aws
from infra.local.deploy import STAGE

_EACH_S = 1.0
_OVERLAP_MS = 5_000  # events of one second may appear in any order


def lines(region: str, since_ms: int, seen: set[str]) -> Iterator[str]:
    """New log lines of every function in a region, `function  line`; `seen` is updated."""
    logs = aws.client("logs", region)
    prefix = f"/aws/lambda/{names.PRODUCT}-{STAGE}-"
    for group in logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]:
        name = group["logGroupName"]
        for event in logs.filter_log_events(logGroupName=name, startTime=since_ms)["events"]:
            # MiniStack gives no event ids.
            identity = f"{name} {event['timestamp']} {event['message']}"
            if identity not in seen:
                seen.add(identity)
                yield f"{name.removeprefix(prefix):<18} {event['message'].rstrip()}"


def follow() -> None:
    """Print from a minute ago on; with an argument, print the last so many minutes and end."""
    once = len(sys.argv) > 2  # noqa: PLR2004 - argv[0], the command, minutes
    minutes = float(sys.argv[2]) if once else 1.0
    since = int((time.time() - 60 * minutes) * 1000)
    seen: set[str] = set()
    with suppress(KeyboardInterrupt):
        while True:
            try:
                for region in settings.stage(STAGE).regions:
                    for line in lines(region, since, seen):
                        print(line, flush=True)
            except (BotoCoreError, ClientError) as error:
                print(f"the emulator does not answer ({type(error).__name__}): make up", file=sys.stderr)
                return
            if once:
                return
            since = int(time.time() * 1000) - _OVERLAP_MS
            time.sleep(_EACH_S)
