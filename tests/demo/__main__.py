"""``make demo``: the four jobs of the product, driven over HTTP by programs that others wrote, in one table.

    make demo                                      the local stack (`make up`)
    make demo BASE_URL=https://… KEY=sb_live_…     a deployment, as its smoke test
        SINK_URL=https://…     public address that leads to port 9180 of this machine (a tunnel): row webhook
        HUBSPOT_TOKEN=pat-…    a private app with crm.objects.contacts.read: row crm
        MODEL=…                of the upstream the organization has set: row llm
        LLM_BASE_URL=https://…/v1    where no custom domain puts it at BASE_URL/llm/v1
        ROWS=health,agora      only these
        PATIENCE_S=120         how long to wait for what workers do

Exit code 0: every row asked for is proven. 1: a row failed. 2: it could not begin. 3: a row was skipped.
What it makes it removes, save the contacts that a pull brings and, locally, the upstream's setting. A deployment's
other endpoints receive the demo's notification as well: use an organization made for this.
"""

import sys

from tests.demo import agora_tokens, crm_pull, health, llm_stream, webhooks
from tests.demo.table import Row, show, verdict
from tests.demo.target import Unusable, environment, read

ROWS = (
    Row("health", health.prove),
    Row("agora token", agora_tokens.prove),
    Row("webhook", webhooks.prove),
    Row("llm stream", llm_stream.prove),
    Row("crm pull", crm_pull.prove),
)


def chosen(names: str) -> list[Row]:
    """The rows that begin with one of the comma-separated ``names``; all of them for none. Raises Unusable."""
    wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
    for name in wanted:
        if not any(row.name.startswith(name) for row in ROWS):
            raise Unusable(f"ROWS: {name!r} is not one of {', '.join(row.name for row in ROWS)}")
    return [row for row in ROWS if not wanted or any(row.name.startswith(name) for name in wanted)]


def main() -> int:
    """The command."""
    environ = environment()
    try:
        target, rows = read(environ), chosen(environ.get("ROWS", ""))
    except Unusable as reason:
        print(f"  ✗ {reason}", file=sys.stderr)
        return 2
    print(f"\n  {target.base_url}\n")
    outcomes = show(rows, target, lambda line: print(line, flush=True))
    told, code = verdict(outcomes)
    print(f"\n  {told}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
