"""Cursors: the last sort key and a hash of the filter, encoded.

The partition is rebuilt from the caller's organization, so a forged cursor gains nothing: it can only point
to another place in the caller's own list. It is therefore not encrypted.
"""

import base64
import binascii
import hashlib
import re

from shared.core.errors import FieldError, Invalid

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
_SORT_KEY = re.compile(r"[ -~]{1,512}", re.ASCII)
"""What our sort keys are made of; DynamoDB takes 1 KiB."""
_LONGEST = 1024
"""Characters of a cursor that are looked at."""


def _hash(filters: str) -> str:
    return hashlib.sha256(filters.encode()).hexdigest()[:8]


def encode(sort_key: str, filters: str = "") -> str:
    """A cursor that continues after ``sort_key`` under the same ``filters``."""
    return base64.urlsafe_b64encode(f"{_hash(filters)}{sort_key}".encode()).decode().rstrip("=")


def decode(cursor: str | None, filters: str = "") -> str | None:
    """The sort key to continue after. Raises :class:`Invalid` for a cursor that is not ours or of another filter."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor[:_LONGEST] + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        text = ""
    if text[:8] != _hash(filters) or not _SORT_KEY.fullmatch(text[8:]):
        raise Invalid(fields=[FieldError("?cursor", "is not a cursor of this list and filter")])
    return text[8:]
