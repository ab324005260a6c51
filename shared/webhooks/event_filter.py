"""Which events an endpoint gets: exact types (``agora.rtc.host_joined``) and whole branches (``agora.rtc.*``)."""

import re
from collections.abc import Iterable

_FILTER = re.compile(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*(\.\*)?")
_UNLISTED = re.compile(r"(.+)\.event_\d{1,16}")
LONGEST = 128
"""Characters of a filter."""


def wanted(filters: Iterable[str], event_type: str) -> bool:
    """Whether one of ``filters`` names the type. No filter at all wants every type."""
    listed = tuple(filters)
    return not listed or any(_matches(f, event_type) for f in listed)


def _matches(pattern: str, event_type: str) -> bool:
    return event_type.startswith(pattern[:-1]) if pattern.endswith(".*") else event_type == pattern


def objection(pattern: str, catalogue: Iterable[str]) -> str | None:
    """What is wrong with a filter, as a sentence; None if it can match.

    A filter that matches nothing in the catalogue is a typing mistake that its owner would notice only by events
    that never come. ``….event_<number>`` names an event its provider has added and the catalogue does not list yet.
    """
    if len(pattern) > LONGEST or not _FILTER.fullmatch(pattern):
        return "is not an event type such as agora.rtc.host_joined, or a branch such as agora.rtc.*"
    known = tuple(catalogue)
    if any(_matches(pattern, event_type) for event_type in known):
        return None
    unlisted = _UNLISTED.fullmatch(pattern)
    if unlisted and unlisted[1].count(".") == 1:
        return None
    return "matches no event type of the catalogue"
