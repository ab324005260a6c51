"""Clients of the emulator as its root user, for what `make up` does around the deploy."""

import functools
from typing import Any

import boto3
from botocore.config import Config

from infra.local.paths import EMULATOR, ROOT_KEY


@functools.cache
def client(service: str, region: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """A client of one service in one region of the emulator."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=EMULATOR,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
        config=Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=60),
    )


def outputs(stack: str, region: str) -> dict[str, str]:
    """A stack's outputs; empty when it does not exist."""
    cloudformation = client("cloudformation", region)
    try:
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except cloudformation.exceptions.ClientError:
        return {}
    return {item["OutputKey"]: item["OutputValue"] for item in described.get("Outputs", [])}
