"""Physical names. Stacks find each other's resources by these, so none exports to another."""

PRODUCT = "switchboard"

# Deploy order: what a later stack needs at its own creation stands in an earlier one.
DOMAINS = ("keys", "data", "edge", "identity", "platform", "agora", "webhooks", "llm", "crm")


def stack(stage: str, region: str, domain: str) -> str:
    """`switchboard-prod-eu-west-1-webhooks`."""
    return f"{PRODUCT}-{stage}-{region}-{domain}"


def resource(stage: str, name: str) -> str:
    """A table, queue, function, role or log group: `switchboard-prod-webhooks-receive`."""
    return f"{PRODUCT}-{stage}-{name}"


def function(stage: str, path: str) -> str:
    """Of a function by its folder below `functions`: `webhooks/receive`."""
    return resource(stage, path.replace("/", "-"))


def queue_key(queue: str) -> str:
    """The environment variable that holds a queue's URL: `QUEUE_CRM_SYNC`."""
    return f"QUEUE_{queue.replace('-', '_').upper()}"


def table_key(table: str) -> str:
    """The environment variable that holds a table's name: `TABLE_PLATFORM`."""
    return f"TABLE_{table.upper()}"
