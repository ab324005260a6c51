from hypothesis import given
from hypothesis import strategies as st

from shared.identity import keys
from shared.identity.keys import Mode


@given(st.sampled_from(Mode), st.integers(0, 200), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_character_is_refused_without_a_read(mode: Mode, place: int, character: str) -> None:
    """Given a key, when one character is another, then its checksum refuses it."""
    key = keys.generate(mode)
    place %= len(key)
    changed = key[:place] + character + key[place + 1 :]

    assert keys.well_formed(key)
    assert keys.well_formed(changed) is (changed == key)


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    """Given any text, when judged, then the answer is a plain no."""
    assert keys.well_formed(text) is False


def test_a_hint_shows_too_little_to_guess_the_rest() -> None:
    """Given a key, when its hint is shown, then at least 30 of its random characters are not."""
    key = keys.generate(Mode.LIVE)

    assert len(key) - len(keys.hint(key).replace("…", "")) >= 30
