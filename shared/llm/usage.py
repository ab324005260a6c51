"""Tokens a completion used, and who says so.

A provider that reports nothing must not look like one that reported zero: every record names its source.
"""

from dataclasses import dataclass
from typing import Literal

Source = Literal["provider", "estimated", "none"]
"""``provider`` reported it; ``estimated`` by us from bytes; ``none``: nothing was generated, nothing reported."""

BYTES_PER_TOKEN = 4
"""OpenAI's rule of thumb for English (https://help.openai.com/en/articles/4936856). An estimate, and marked as one."""

_MOST = 10**12
"""Tokens of one completion that can be meant; a number of forty digits fits no store."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in and out."""

    source: Source
    prompt_tokens: int = 0
    completion_tokens: int = 0


def reported(value: object) -> Usage | None:
    """The provider's ``usage`` object; ``None`` where it has no counts to read.

    Zeros in both are no report: some servers send them in every chunk before the last.
    """
    if not isinstance(value, dict):
        return None
    prompt, completion = _count(value.get("prompt_tokens")), _count(value.get("completion_tokens"))
    if prompt is None or completion is None or prompt + completion == 0:
        return None
    return Usage("provider", prompt, completion)


def estimated(prompt_bytes: int, completion_bytes: int) -> Usage:
    """A guess from sizes, for a provider that generated text and reported nothing."""
    if completion_bytes == 0:
        return Usage("none")
    return Usage("estimated", _tokens(prompt_bytes), _tokens(completion_bytes))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _tokens(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)
