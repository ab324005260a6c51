"""A queue with its dead-letter queue and alarm, and its consumer."""

from aws_cdk import Aws
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.alarm import alarm
from infra.constructs.context import Place
from infra.constructs.nag import accept
from infra.queues import Queue

# AWS's advice for Lambda consumers: six times the function's timeout, so that a throttled
# poller's retries end before the message is seen again.
_VISIBILITY_FACTOR = 6
_TWO_WEEKS = 14 * 24 * 3600  # the longest SQS keeps a message


def _tls_only(scope: Construct, name: str, queue: sqs.CfnQueue) -> None:
    """Refuse plain HTTP, whoever calls."""
    sqs.CfnQueuePolicy(
        scope,
        f"{name}-tls",
        queues=[queue.ref],
        policy_document={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": "sqs:*",
                    "Resource": queue.attr_arn,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        },
    )


def _queue(scope: Construct, place: Place, name: str, **settings: object) -> sqs.CfnQueue:
    queue = sqs.CfnQueue(
        scope,
        f"queue-{name}",
        queue_name=place.name(name),
        sqs_managed_sse_enabled=True,
        message_retention_period=_TWO_WEEKS,
        **settings,
    )
    if place.stage.emulated:
        accept(queue, "AwsSolutions-SQS4", "The emulator is reached over http, on this machine.")
    else:
        _tls_only(scope, name, queue)
    return queue


def _rings(scope: Construct, place: Place, queue: str, says: str) -> None:
    alarm(
        scope,
        place,
        queue,
        says=says,
        metric=("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        dimensions={"QueueName": place.name(queue)},
        statistic="Maximum",
    )


def queue_worker(
    scope: Construct, place: Place, spec: Queue, consumer: lambda_.IFunction | None, timeout_s: int
) -> sqs.CfnQueue:
    """The queue `spec` describes; anything in its dead-letter queue rings.

    With a consumer: partial batch failures, bounded concurrency, and visibility long enough
    for `timeout_s`. Without one, the queue itself is where people look, so it rings too.
    """
    if spec.consumer is None:
        queue = _queue(scope, place, spec.name)
        accept(queue, "AwsSolutions-SQS3", "It is a dead-letter queue: our code sends to it.")
        _rings(scope, place, spec.name, f"{spec.name} is not empty: see docs/runbooks/dead-letters.md")
        return queue
    dead = _queue(scope, place, f"{spec.name}-dlq")
    _rings(scope, place, f"{spec.name}-dlq", f"{spec.name} gave up: see docs/runbooks/dead-letters.md")
    queue = _queue(
        scope,
        place,
        spec.name,
        visibility_timeout=_VISIBILITY_FACTOR * timeout_s,
        redrive_policy={"deadLetterTargetArn": dead.attr_arn, "maxReceiveCount": spec.receives},
    )
    # Only this queue may leave messages there, and a redrive returns them here.
    dead.redrive_allow_policy = {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [f"arn:{Aws.PARTITION}:sqs:{place.region}:{Aws.ACCOUNT_ID}:{place.name(spec.name)}"],
    }
    if consumer is not None:
        lambda_.CfnEventSourceMapping(
            scope,
            f"{spec.name}-consumer",
            event_source_arn=queue.attr_arn,
            function_name=consumer.function_arn,
            batch_size=spec.batch,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(maximum_concurrency=spec.concurrency),
        )
    return queue
