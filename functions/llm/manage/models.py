"""What the upstream routes speak."""

from typing import Annotated

from pydantic import Field

from shared.core.egress import URL_LIMIT
from shared.core.http.models import Model
from shared.llm.chat_request import MAX_MODEL_NAME

ModelName = Annotated[str, Field(min_length=1, max_length=MAX_MODEL_NAME)]


class SetUpstream(Model):
    """An OpenAI-compatible provider of the organization's own."""

    base_url: str = Field(
        min_length=1,
        max_length=URL_LIMIT,
        description="https, public; requests go to <base_url>/chat/completions",
        examples=["https://api.openai.com/v1"],
    )
    api_key: str = Field(
        min_length=1,
        max_length=4_096,
        pattern=r"^[\x21-\x7e]+$",
        description="sent as a Bearer token; stored encrypted, never told again",
    )
    models: list[ModelName] = Field(
        default=[], max_length=200, description="names that callers may use; empty: whatever the provider serves"
    )
    ask_usage: bool = Field(
        default=True,
        description="ask streams for their usage; switch off for a server that refuses stream_options",
    )


class UpstreamView(Model):
    """The upstream without its key."""

    base_url: str
    models: list[str]
    ask_usage: bool
    updated_at: str
