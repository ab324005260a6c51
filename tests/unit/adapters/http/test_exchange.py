"""One request against a real server on loopback: what is sent, read, and refused."""

import gzip
import socket
import time
import zlib
from threading import Barrier, Thread

import pytest

from shared.core.outbound.errors import (
    ConnectFailed,
    ConnectionLost,
    ResponseTooLarge,
    ResponseUnreadable,
    TimedOut,
)
from shared.core.outbound.message import Request
from shared.core.outbound.policy import KIB, Policy
from tests.fakes.http_peer import Peer, Step, always, answer, spaced
from tests.unit.adapters.http.conftest import ClientMaker


def get(url: str, **headers: str) -> Request:
    return Request("GET", url, headers)


def test_one_request_is_one_request(make_client: ClientMaker) -> None:
    with Peer(always(*answer(b'{"a":1}', X_Note="hi"))) as peer:
        client = make_client(allow=peer.allow)
        response = client.send(Request("POST", peer.url("/a?b=c"), {"X-Key": "k"}, b"body"), Policy(attempts=5))

        [seen] = peer.requests
        assert (seen.line, seen.body) == ("POST /a?b=c HTTP/1.1", b"body")
        assert seen.headers == {
            "host": f"127.0.0.1:{peer.port}",
            "user-agent": "Switchboard/1.0",
            "accept-encoding": "gzip",
            "x-key": "k",
            "content-length": "4",
        }
        assert (response.status, response.json(), response.attempts) == (200, {"a": 1}, 1)
        assert response.headers["x-NOTE"] == "hi"


def test_connections_are_used_again_and_one_per_thread_at_a_time(make_client: ClientMaker) -> None:
    together = Barrier(4)

    def script(_: object) -> list[Step]:
        if len(peer.requests) > 3:
            together.wait(5)
        return answer()

    with Peer(script) as peer:
        client = make_client(allow=peer.allow)
        for _ in range(3):
            client.send(get(peer.url()))
        assert [r.connection for r in peer.requests] == [1, 1, 1]

        threads = [Thread(target=client.send, args=(get(peer.url()),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({r.connection for r in peer.requests[3:]}) == 4


def test_a_connection_the_server_closed_while_idle_is_not_used(make_client: ClientMaker) -> None:
    with Peer(always(*answer(), None)) as peer:
        client = make_client(allow=peer.allow)
        for _ in range(3):
            client.send(get(peer.url()))
            peer.wait_closed()

        assert [r.connection for r in peer.requests] == [1, 2, 3]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Again", "308 P"])
def test_a_redirect_is_an_answer_and_is_not_followed(make_client: ClientMaker, status: str) -> None:
    with Peer(always(*answer())) as elsewhere:
        to = elsewhere.url("/latest/meta-data")
        with Peer(always(*answer(b"", status, Location=to))) as peer:
            client = make_client(allow=peer.allow | elsewhere.allow)
            response = client.send(get(peer.url()))

        assert (response.status, response.ok) == (int(status[:3]), False)
        assert (len(peer.requests), elsewhere.requests) == (1, [])


def test_proxies_and_bundles_of_the_environment_are_ignored(
    make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer(always(*answer(b"proxy"))) as proxy, Peer(always(*answer(b"peer"))) as peer:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
            monkeypatch.setenv(name.lower(), proxy.url())
        response = make_client(allow=peer.allow).send(get(peer.url()))

        assert (response.body, proxy.connections) == (b"peer", 0)


def test_cookies_are_not_kept(make_client: ClientMaker) -> None:
    with Peer(always(*answer(Set_Cookie="a=b"))) as peer:
        client = make_client(allow=peer.allow)
        client.send(get(peer.url()))
        client.send(get(peer.url()))

        assert [r.headers.get("cookie") for r in peer.requests] == [None, None]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [1024, 1025, 5_000_000])
@pytest.mark.parametrize("declared", [True, False], ids=["length", "chunked"])
def test_reading_stops_at_the_limit(make_client: ClientMaker, size: int, declared: bool) -> None:  # noqa: FBT001
    body = b"x" * size
    steps = answer(body) if declared else [CHUNKED, b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)]
    with Peer(always(*steps)) as peer:
        client = make_client(allow=peer.allow)
        prefix = client.send(get(peer.url()), Policy(read_limit=KIB, prefix=True))
        assert (prefix.status, prefix.body, prefix.truncated) == (200, body[:KIB], size > KIB)

        if size <= KIB:
            assert client.send(get(peer.url()), Policy(read_limit=KIB)).body == body
        else:
            with pytest.raises(ResponseTooLarge):
                client.send(get(peer.url()), Policy(read_limit=KIB, attempts=3))
            assert len(peer.requests) == 2


def test_gzip_is_undone(make_client: ClientMaker) -> None:
    body = gzip.compress(b"first ") + gzip.compress(b"second")
    with Peer(always(*answer(body, Content_Encoding="gzip"))) as peer:
        assert make_client(allow=peer.allow).send(get(peer.url())).body == b"first second"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_stops_at_the_limit(make_client: ClientMaker, encoding: str) -> None:
    bomb = (gzip if encoding == "gzip" else zlib).compress(bytes(50_000_000))
    assert len(bomb) < 64 * KIB
    with Peer(always(*answer(bomb, Content_Encoding=encoding))) as peer:
        client = make_client(allow=peer.allow)
        with pytest.raises(ResponseTooLarge):
            client.send(get(peer.url()))
        prefix = client.send(get(peer.url()), Policy(prefix=True))

    assert (prefix.body, prefix.truncated) == (bytes(64 * KIB), True)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"x"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0)),
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"x" * 1000, mtime=0)[:-6]),
    ],
)
def test_an_encoding_that_cannot_be_undone_is_an_error_unless_only_the_status_matters(
    make_client: ClientMaker, encoding: str, body: bytes
) -> None:
    with Peer(always(*answer(body, Content_Encoding=encoding))) as peer:
        client = make_client(allow=peer.allow)
        with pytest.raises(ResponseUnreadable):
            client.send(get(peer.url()))
        prefix = client.send(get(peer.url()), Policy(prefix=True))

    assert (prefix.status, prefix.truncated) == (200, True)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize(
    ("steps", "policy", "phase"),
    [
        ([6.0], Policy(read_s=0.3), "first byte"),
        ([6.0], Policy(read_s=9, first_byte_s=0.3), "first byte"),
        (spaced([b"HTTP/1.1 100 Continue\r\n\r\n"] * 60, every=0.15), Policy(read_s=0.3), "first byte"),
        (spaced([HEAD, *[b"X-A: b\r\n"] * 60], every=0.15), Policy(read_s=0.3), "first byte"),
        ([HEAD + b"\r\nabc", 6.0], Policy(read_s=0.3), "read"),
        (spaced([HEAD + b"\r\n", *[b"x"] * 60], every=0.15), Policy(connect_s=0.4, total_s=0.4, read_s=0.3), "total"),
        (spaced([HEAD, *[b"X: b\r\n"] * 60], every=0.15), Policy(connect_s=0.3, total_s=0.3, read_s=9), "total"),
    ],
)
def test_every_way_of_being_slow_ends_at_its_limit(
    make_client: ClientMaker, steps: list[Step], policy: Policy, phase: str
) -> None:
    with Peer(always(*steps)) as peer:
        started = time.monotonic()
        with pytest.raises(TimedOut) as timeout:
            make_client(allow=peer.allow).send(get(peer.url()), policy)

        assert timeout.value.phase == phase
        assert 0.25 < time.monotonic() - started < 3


def test_a_peer_that_does_not_read_the_request_ends_at_the_limit(make_client: ClientMaker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        client = make_client(allow=frozenset({url[7:-1]}))
        with pytest.raises(TimedOut) as timeout:
            client.send(Request("POST", url, body=bytes(30_000_000)), Policy(read_s=0.3))

    assert timeout.value.phase == "write"


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([None], ConnectionLost),
        ([b"HTTP/1.1 200 OK\r\n", None], ConnectionLost),
        ([HEAD + b"\r\nabc", None], ConnectionLost),
        ([CHUNKED + b"5\r\nab", None], ConnectionLost),
        ([b"SSH-2.0-OpenSSH_9\r\n\r\n"], ResponseUnreadable),
        ([CHUNKED + b"zz\r\n"], ResponseUnreadable),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n"], ResponseUnreadable),
    ],
)
def test_a_broken_answer_is_told_apart(make_client: ClientMaker, steps: list[Step], error: type[Exception]) -> None:
    with Peer(always(*steps)) as peer, pytest.raises(error):
        make_client(allow=peer.allow).send(get(peer.url()))


def test_a_closed_port_is_unreachable(make_client: ClientMaker) -> None:
    with Peer(always()) as peer:
        url, allow = peer.url(), peer.allow
    with pytest.raises(ConnectFailed):
        make_client(allow=allow).send(get(url))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET\r\nX: y", {}),
        ("GET", {"Host": "internal"}),
        ("GET", {"transfer-encoding": "chunked"}),
        ("GET", {"X-A\r\nX-B": "s3cret"}),
        ("GET", {"X-A": "s3cret\r\nX-B: c"}),
        ("GET", {"X-A": "s3cret\u2028"}),
        ("GET", {"X-A": "s3cret\x00"}),
    ],
)
def test_a_request_that_smuggles_is_not_sent_and_its_values_not_told(
    make_client: ClientMaker, method: str, headers: dict[str, str]
) -> None:
    with Peer(always(*answer())) as peer:
        with pytest.raises(ValueError, match=r"token|caller|cannot be sent") as refusal:
            make_client(allow=peer.allow).send(Request(method, peer.url(), headers))

        assert "s3cret" not in str(refusal.value)
        assert peer.requests == []
