"""Whether a table answers: one read of an item that is never there."""

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.aws import Client
from shared.adapters.dynamodb.attributes import to_wire
from shared.adapters.dynamodb.client import code_of


class DynamoProbe:
    """Asks tables."""

    def __init__(self, client: Client) -> None:
        """``client`` with short timeouts."""
        self._client = client

    def table(self, name: str) -> str | None:
        """None when it answers; ``missing``, ``denied`` or ``down`` otherwise."""
        try:
            self._client.get_item(TableName=name, Key={"pk": to_wire("HEALTH"), "sk": to_wire("HEALTH")})
        except ClientError as error:
            code = code_of(error)
            return {"ResourceNotFoundException": "missing", "AccessDeniedException": "denied"}.get(code, "down")
        except BotoCoreError:
            return "down"
        return None
