from collections.abc import Callable
from typing import Any

import pytest

from shared.agora import rules


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (rules.channel_name, "a"),
        (rules.channel_name, "x" * 63),
        (rules.channel_name, "aZ09 !#$%&()+-:;<=.>?@[]^_{}|~,"),
        (rules.account, "a"),
        (rules.account, "0"),
        (rules.account, "x" * 255),
        (rules.account, "é" * 127),
        (rules.rtm_user, "x" * 64),
        (rules.uid, 0),
        (rules.uid, 4_294_967_295),
        (rules.ttl, 1),
        (rules.ttl, 86_400),
        (rules.app_key, "970CA35de60c44645bbae8a215061b33"),
    ],
)
def test_what_agora_allows_passes_unchanged(rule: Callable[[Any], Any], value: object) -> None:
    """Given a value at the edge of what Agora allows, when checked, then it comes back as it is."""
    assert rule(value) == value


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (rules.channel_name, ""),
        (rules.channel_name, "x" * 64),
        (rules.channel_name, "room\n"),
        (rules.channel_name, "*"),
        (rules.channel_name, "a/b"),
        (rules.channel_name, "a'b"),
        (rules.channel_name, 'a"b'),
        (rules.channel_name, "a\\b"),
        (rules.channel_name, "a`b"),
        (rules.channel_name, "żółw"),
        (rules.account, ""),
        (rules.account, "x" * 256),
        (rules.account, "é" * 128),
        (rules.account, "\ud800"),
        (rules.rtm_user, ""),
        (rules.rtm_user, "0"),
        (rules.rtm_user, "x" * 65),
        (rules.uid, -1),
        (rules.uid, 4_294_967_296),
        (rules.ttl, 0),
        (rules.ttl, 86_401),
        (rules.app_key, "970CA35de60c44645bbae8a215061b3"),
        (rules.app_key, "Z70CA35de60c44645bbae8a215061b33"),
        (rules.app_key, "970CA35de60c44645bbae8a215061b33\n"),
    ],
)
def test_what_agora_refuses_is_named(rule: Callable[[Any], Any], value: object) -> None:
    """Given a value just outside what Agora allows, when checked, then a sentence says why."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        rule(value)


def test_agoras_character_set_has_the_89_characters_it_lists() -> None:
    """Given every character, when tried as a channel name, then exactly Agora's 89 pass."""

    def passes(character: str) -> bool:
        try:
            return bool(rules.channel_name(character))
        except ValueError:
            return False

    allowed = {chr(n) for n in range(0x3000) if passes(chr(n))}

    assert len(allowed) == 89
    assert allowed.isdisjoint("'\"*/\\`")
