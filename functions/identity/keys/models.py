"""What the API-key routes speak."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.core.clock import parse_rfc3339
from shared.core.http.models import Model
from shared.identity.keys import scope_name


def _moment(text: str) -> str:
    parse_rfc3339(text)
    return text


Scope = Annotated[str, AfterValidator(scope_name)]
Moment = Annotated[str, AfterValidator(_moment), Field(description="RFC 3339, with an offset")]


class CreateKey(Model):
    """A new key. It can be given no scope its creator lacks."""

    name: str = Field(min_length=1, max_length=80)
    scopes: list[Scope] = Field(min_length=1, max_length=20)
    expires_at: Moment | None = None


class KeyView(Model):
    """A key without its text."""

    id: str
    name: str
    scopes: list[str]
    hint: str = Field(description="first and last characters, to recognise it by")
    created_at: str
    expires_at: str | None


class CreatedKey(KeyView):
    """A key just made. ``key`` is told this once."""

    key: str | None
