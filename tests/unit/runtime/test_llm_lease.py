from shared.adapters.llm.openai_compatible import STREAM, WHOLE
from shared.runtime.llm import PROBE_LEASE


def test_a_probe_is_not_given_to_the_next_before_it_could_succeed() -> None:
    """Given the longest answer a provider may take, then a probe's lease is longer."""
    assert max(WHOLE.total_s, STREAM.total_s) * 1_000 < PROBE_LEASE
