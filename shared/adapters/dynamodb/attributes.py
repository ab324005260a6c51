"""Python values ↔ DynamoDB's attribute values.

Our items hold text, whole numbers, booleans, bytes, lists and maps; money is integer micro-USD, so no decimals.
boto3's own serializer would bring boto3 (15 ms) and Decimal into every function.
"""

from collections.abc import Mapping
from typing import Any

Item = Mapping[str, Any]
Wire = dict[str, Any]


def to_wire(value: Any) -> Wire:  # noqa: ANN401, PLR0911 - the type is what is being asked
    """One value. Raises ``TypeError`` for a float or anything else we do not store."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes() | bytearray():
            return {"B": bytes(value)}
        case list() | tuple():
            return {"L": [to_wire(v) for v in value]}
        case Mapping():
            return {"M": item_to_wire(value)}
        case _:
            message = f"not storable: {type(value).__name__}"
            raise TypeError(message)


def from_wire(wire: Wire) -> Any:  # noqa: ANN401 - as above
    """The reverse."""
    ((kind, value),) = wire.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(value)
        case "L":
            return [from_wire(v) for v in value]
        case "M":
            return item_from_wire(value)
        case "SS" | "NS" | "BS":
            return list(value)
        case _:
            return value


def item_to_wire(item: Item) -> dict[str, Wire]:
    """A whole item or map."""
    return {name: to_wire(value) for name, value in item.items()}


def item_from_wire(wire: Mapping[str, Wire]) -> dict[str, Any]:
    """The reverse."""
    return {name: from_wire(value) for name, value in wire.items()}
