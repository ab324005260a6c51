"""The tables, queues and key that a campaign runs on, and the environment its functions are given."""

from pathlib import Path

from infra import names
from infra.queues import QUEUES
from tests.fakes.cloud import make_tables
from tests.faults.foundation.emulator import REGION, Emulator

STAGE = "prove"
BASE_URL = "https://api.switchboard.test"


def lay(emulator: Emulator, sinks: list[str], scratch: Path) -> dict[str, str]:
    """What CDK deploys, made directly; the environment of every function. ``sinks``: host:port of each."""
    environ = make_tables(emulator.client("dynamodb"), STAGE)
    sqs = emulator.client("sqs")
    for queue in QUEUES:
        url = sqs.create_queue(QueueName=names.resource(STAGE, queue.name))["QueueUrl"]
        environ[names.queue_key(queue.name)] = url
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    return environ | {
        "STAGE": STAGE,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PUBLIC_BASE_URL": BASE_URL,
        "KMS_KEY_ARN": key,
        "EGRESS_ALLOW": ",".join(sinks),
        "TMPDIR": str(scratch),
    }
