"""The DynamoDB client, its timeouts, and the translation of its errors.

botocore's low-level client, not boto3's: 15 ms less import. One attempt of two seconds, twice again: a function's
own deadline is what its caller waits for.
"""

from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from shared.core.errors import Unavailable

Client = Any
"""botocore generates its clients at run time; stubs would be a dependency for names we wrap anyway."""

_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
}


def make_client(region: str, *, connect_s: float = 1.0, read_s: float = 2.0, attempts: int = 3) -> Client:
    """A client for one region; credentials and endpoint come from where botocore looks."""
    config = Config(
        region_name=region,
        connect_timeout=connect_s,
        read_timeout=read_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    return botocore.session.get_session().create_client("dynamodb", config=config)


def code_of(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_condition_failure(error: ClientError) -> bool:
    """Whether a write's condition did not hold."""
    return code_of(error) == "ConditionalCheckFailedException"


def is_throttle(error: ClientError) -> bool:
    """Whether the partition or table is over its capacity."""
    return code_of(error) in _THROTTLED


def is_down(error: Exception) -> bool:
    """A timeout, a refused connection or a 5xx of the store."""
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError | ReadTimeoutError):
        return True
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= 500)  # noqa: PLR2004 - HTTP's own border
    return isinstance(error, BotoCoreError)


def translate(error: Exception) -> Exception:
    """Store trouble as 503; anything else (a denied action, a bad request) is ours and stays as it is."""
    if is_down(error):
        return Unavailable("the store did not answer")
    if isinstance(error, ClientError) and is_throttle(error):
        return Unavailable("the store is over its capacity")
    return error
