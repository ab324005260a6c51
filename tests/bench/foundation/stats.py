"""Order statistics."""

from collections.abc import Sequence


def percentile(values: Sequence[float], rank: int) -> float:
    """The nearest-rank percentile of a non-empty sequence."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * rank // 100) - 1)]
