"""Bodies are undone within their limit, in memory too."""

import gzip
import tracemalloc
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.http.body import Body
from shared.core.outbound.errors import ResponseUnreadable
from shared.core.outbound.policy import KIB

PLAIN = st.binary(max_size=300)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(n % (len(data) + 1) for n in at), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(PLAIN, PLAIN, st.sampled_from(["", "identity", "gzip", "x-gzip", "GZip ", "deflate"]), st.lists(st.integers(0)))
def test_a_body_is_the_same_however_it_was_packed_and_cut(
    first: bytes, second: bytes, encoding: str, at: list[int]
) -> None:
    packed = {"g": gzip.compress(first) + gzip.compress(second), "d": zlib.compress(first + second)}
    sent = packed.get(encoding.strip().lower().removeprefix("x-")[:1], first + second)
    body = Body(encoding, limit=10_000)
    read = b"".join(body.feed(piece) for piece in cut(sent, at))
    body.finish()

    assert (read, body.over) == (first + second, False)


@given(st.binary(min_size=1, max_size=300), st.booleans(), st.integers(0, 300), st.lists(st.integers(0)))
def test_the_limit_leaves_the_exact_prefix(plain: bytes, packed: bool, limit: int, at: list[int]) -> None:  # noqa: FBT001
    sent = gzip.compress(plain) if packed else plain
    body = Body("gzip" if packed else "", limit)
    read = b"".join(body.feed(piece) for piece in cut(sent, at))

    assert plain.startswith(read)
    assert body.over == (len(sent) > limit or len(plain) > limit)
    assert len(read) <= limit
    if len(sent) <= limit:
        assert read == plain[:limit]


def test_a_bomb_never_unfolds_in_memory() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    body = Body("gzip", 64 * KIB)
    tracemalloc.start()
    try:
        assert body.feed(bomb) == bytes(64 * KIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert body.over
    assert peak < 1_000 * KIB


def test_nothing_at_all_is_a_good_compressed_body() -> None:
    body = Body("gzip", 10)
    body.finish()


@given(st.binary(min_size=20, max_size=200))
def test_a_compressed_body_that_stops_early_is_unreadable(plain: bytes) -> None:
    body = Body("gzip", 10_000)
    body.feed(gzip.compress(plain)[:-1])
    with pytest.raises(ResponseUnreadable, match="incomplete"):
        body.finish()
