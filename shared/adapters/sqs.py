"""Queues: the accelerator of the work pattern, and the dead-letter queue of exhausted deliveries."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters import aws
from shared.adapters.aws import Client
from shared.core.work.item import WorkRef
from shared.core.work.kinds import MAX_QUEUE_DELAY_S


def make_client(region: str) -> Client:
    """Short timeouts: a send is best effort, the sweep stands behind it."""
    return aws.make_client("sqs", region, connect_s=1.0, read_s=2.0, attempts=2)


class SqsWorkQueue:
    """The :class:`shared.core.work.store.WorkQueue`. ``url_of`` maps a queue's name to its URL."""

    def __init__(self, client: Client, url_of: Callable[[Any], str]) -> None:
        """One client for all queues."""
        self._client = client
        self._url_of = url_of

    def send(self, ref: WorkRef, envelope: str, org: str, delay_s: int) -> bool:
        """``MessageGroupId`` on a standard queue makes it fair between organizations (docs: SQS fair queues).

        Raises ``ValueError`` for a delay that Amazon SQS refuses.
        """
        if not 0 <= delay_s <= MAX_QUEUE_DELAY_S:
            message = f"DelaySeconds is 0 to {MAX_QUEUE_DELAY_S}"
            raise ValueError(message)
        group = "".join(c if c.isalnum() else "-" for c in org)[:128] or "-"
        # Per-message DelaySeconds and MessageGroupId go together on standard queues only.
        try:
            self._client.send_message(
                QueueUrl=self._url_of(ref.kind.queue), MessageBody=envelope, DelaySeconds=delay_s, MessageGroupId=group
            )
        except (BotoCoreError, ClientError):
            return False
        return True

    def bury(self, ref: WorkRef, envelope: str) -> bool:
        """To ``<queue>-dlq``, whose alarm tells operators."""
        return SqsNotices(self._client, self._url_of(f"{ref.kind.queue}_dlq")).send(envelope)


class SqsNotices:
    """Sends small documents to one queue."""

    def __init__(self, client: Client, url: str) -> None:
        """``url`` of the queue."""
        self._client = client
        self._url = url

    def send(self, body: str) -> bool:
        """Best effort, like every send."""
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError):
            return False
        return True
