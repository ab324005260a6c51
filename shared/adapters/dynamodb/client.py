"""The DynamoDB client and the translation of its errors."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from shared.adapters import aws
from shared.adapters.aws import Client
from shared.core.errors import Unavailable

_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
}


def make_client(region: str, *, connect_s: float = 1.0, read_s: float = 2.0, attempts: int = 3) -> Client:
    """A client for one region. A function's own deadline is what its caller waits for: two seconds, twice again."""
    return aws.make_client("dynamodb", region, connect_s=connect_s, read_s=read_s, attempts=attempts)


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
