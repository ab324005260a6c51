"""Reading bodies and queries into models: malformed is 400, a broken rule is 422 with pointers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from shared.core.errors import FieldError, Invalid, MalformedJson, PayloadTooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Body = TypeVar("Body", bound="BaseModel")

_MAX_FIELDS = 20
"""Broken rules told at once."""


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def invalid(error: "ValidationError", *, query: bool = False) -> Invalid:
    """Pydantic's findings as ours; the offending values are never repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:_MAX_FIELDS]
    return Invalid(
        fields=[FieldError(f"?{f['loc'][0]}" if query and f["loc"] else _pointer(f["loc"]), f["msg"]) for f in found]
    )


def read_json(model: "type[Body]", body: bytes, headers: Mapping[str, str], max_body: int) -> "Body":
    """The body as ``model``. Raises 413, 415, 400 or 422."""
    from pydantic import ValidationError

    if len(body) > max_body:
        message = f"the body is over {max_body} bytes"
        raise PayloadTooLarge(message)
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType
    try:
        return model.model_validate_json(body or b"")
    except ValidationError as error:
        if any(f["type"] == "json_invalid" for f in error.errors(include_url=False, include_input=False)):
            raise MalformedJson from None
        raise invalid(error) from None


def read_query(model: "type[Body]", query: Mapping[str, str]) -> "Body":
    """The query string as ``model``; numbers arrive as text, so this reading coerces. Raises 422."""
    from pydantic import ValidationError

    try:
        return model.model_validate(dict(query), strict=False)
    except ValidationError as error:
        raise invalid(error, query=True) from None
