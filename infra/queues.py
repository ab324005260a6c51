"""The queues: who works them off, and what happens to what nobody can."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Queue:
    """A queue and its consumer's settings; times in seconds.

    A queue without a consumer is one we send to for people to look at.
    """

    name: str
    domain: str
    consumer: str | None = None
    batch: int = 10
    # Also the account's protection: new accounts may have ten concurrent executions.
    concurrency: int = 5
    # Receives before SQS gives up and the dead-letter queue takes the message.
    receives: int = 5


QUEUES = (
    Queue("inbound", "webhooks", "webhooks/process"),
    Queue("delivery", "webhooks", "webhooks/deliver", concurrency=10),
    # Deliveries whose every attempt failed: {delivery_id}. Still listed and replayable.
    Queue("webhook-exhausted", "webhooks"),
    Queue("crm-sync", "crm", "crm/sync", batch=1),
)
