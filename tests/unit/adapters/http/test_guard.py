"""Who is dialled, and whose certificate is believed: against real TLS servers on loopback."""

import socket
import ssl
import time
from collections.abc import Iterable
from datetime import timedelta

import httpcore
import pytest

from shared.adapters.http.border import SocketOption
from shared.adapters.http.client import HttpClient
from shared.core.egress import EgressRefused
from shared.core.outbound.errors import ConnectFailed, TimedOut
from shared.core.outbound.message import Request
from shared.core.outbound.policy import Policy
from tests.fakes.certificates import Authority
from tests.fakes.http_peer import Peer, always, answer
from tests.unit.adapters.http.conftest import ClientMaker

PUBLIC, PUBLIC_TOO = "93.184.215.14", "2606:2800:21f:cb07::1"


class Internet(httpcore.NetworkBackend):
    """Stands in for the network below the guard: public addresses are servers on loopback."""

    def __init__(self, hosts: dict[str, Peer | type[Exception]]) -> None:
        self.hosts = hosts
        self.dialled: list[tuple[str, int]] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Notes who was dialled, and connects to the stand-in."""
        self.dialled.append((host, port))
        there = self.hosts[host]
        if isinstance(there, type):
            raise there
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", there.port, timeout, local_address, socket_options)


class Names:
    """A resolver that answers each question with the next line, and counts."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> list[str]:
        """The next answer."""
        self.asked.append((host, port))
        found = self.answers.pop(0)
        if isinstance(found, OSError):
            raise found
        return found


def plug(client: HttpClient, internet: Internet) -> HttpClient:
    client._wire()._backend._tcp = internet  # type: ignore[assignment]
    return client


HOOK = Request("POST", "https://hooks.example/in?token=s3cret", body=b"{}")


def test_the_dialled_address_is_the_judged_one_with_the_names_sni_host_and_certificate(
    make_client: ClientMaker, authority: Authority
) -> None:
    with Peer(always(*answer()), tls=authority.serving("hooks.example")) as peer:
        names, internet = Names([PUBLIC, PUBLIC_TOO]), Internet({PUBLIC: peer})
        client = plug(make_client(resolve=names), internet)
        client.send(HOOK)
        client.send(HOOK)

    assert internet.dialled == [(PUBLIC, 443)]
    assert names.asked == [("hooks.example", 443)]
    assert [(r.sni, r.headers["host"]) for r in peer.requests] == [("hooks.example", "hooks.example")] * 2


def test_rebinding_gains_nothing_because_a_connection_is_resolved_once(
    make_client: ClientMaker, authority: Authority
) -> None:
    with Peer(always(*answer(), None), tls=authority.serving("hooks.example")) as peer:
        names, internet = Names([PUBLIC], ["127.0.0.1"]), Internet({PUBLIC: peer})
        client = plug(make_client(resolve=names), internet)
        assert client.send(HOOK).status == 200
        assert (len(names.asked), internet.dialled) == (1, [(PUBLIC, 443)])

        peer.wait_closed()  # so the next call asks again
        with pytest.raises(EgressRefused):
            client.send(HOOK, Policy(attempts=3))

    assert (len(names.asked), internet.dialled, len(peer.requests)) == (2, [(PUBLIC, 443)], 1)


@pytest.mark.parametrize(
    "answers",
    [["169.254.169.254"], [PUBLIC, "127.0.0.1"], ["::ffff:10.0.0.1"], ["64:ff9b::7f00:1"], []],
    ids=["metadata", "mixed", "mapped", "nat64", "none"],
)
def test_a_name_with_any_private_address_is_never_dialled(make_client: ClientMaker, answers: list[str]) -> None:
    internet = Internet({})
    with pytest.raises(EgressRefused):
        plug(make_client(resolve=Names(answers)), internet).send(HOOK)

    assert internet.dialled == []


def test_the_guard_judges_what_the_real_resolver_reads_into_a_number() -> None:
    """Even if the text rule let ``0x7f000001`` through, the socket's own reading is judged."""
    client = HttpClient()
    backend = client._wire()._backend
    from shared.adapters.http.budget import BUDGET, Budget  # the backend is called below send()

    token = BUDGET.set(Budget.begin(Policy(), time.monotonic, time.monotonic() + 5))
    for host in ("0x7f000001", "2130706433", "0177.0.0.1", "127.1", "localhost"):
        with pytest.raises(EgressRefused):
            backend.connect_tcp(host, 443)
    BUDGET.reset(token)


def test_the_next_address_is_tried_when_one_is_dead(make_client: ClientMaker, authority: Authority) -> None:
    with Peer(always(*answer()), tls=authority.serving("hooks.example")) as peer:
        internet = Internet({PUBLIC_TOO: httpcore.ConnectTimeout, PUBLIC: peer})
        client = plug(make_client(resolve=Names([PUBLIC_TOO, PUBLIC])), internet)

        assert client.send(HOOK).status == 200
        assert internet.dialled == [(PUBLIC_TOO, 443), (PUBLIC, 443)]


def test_a_family_without_a_route_does_not_use_up_the_tries(make_client: ClientMaker, authority: Authority) -> None:
    dead = [f"2606:4700::{n}" for n in range(1, 9)]
    with Peer(always(*answer()), tls=authority.serving("hooks.example")) as peer:
        internet = Internet({**dict.fromkeys(dead, httpcore.ConnectError), PUBLIC: peer})
        client = plug(make_client(resolve=Names([*dead, PUBLIC])), internet)

        assert client.send(HOOK).status == 200
        assert [host for host, _ in internet.dialled] == [dead[0], PUBLIC]


def test_only_the_first_addresses_of_many_are_tried(make_client: ClientMaker) -> None:
    addresses = [f"93.184.215.{n}" for n in range(1, 30)]
    internet = Internet(dict.fromkeys(addresses, httpcore.ConnectError))
    with pytest.raises(ConnectFailed):
        plug(make_client(resolve=Names(addresses)), internet).send(HOOK)

    assert [host for host, _ in internet.dialled] == addresses[:3]


@pytest.mark.parametrize(
    ("name", "age"),
    [("other.example", timedelta(hours=1)), ("hooks.example", timedelta(days=2))],
    ids=["for another name", "expired"],
)
def test_a_certificate_that_does_not_vouch_for_the_name_is_refused(
    make_client: ClientMaker, authority: Authority, name: str, age: timedelta
) -> None:
    with Peer(always(*answer()), tls=authority.serving(name, age=age)) as peer:
        client = plug(make_client(resolve=Names([PUBLIC])), Internet({PUBLIC: peer}))
        with pytest.raises(ConnectFailed, match="certificate could not be verified"):
            client.send(HOOK)

    assert peer.requests == []


def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    with Peer(always(*answer()), tls=authority.serving("hooks.example")) as peer:
        client = plug(HttpClient(resolve=Names([PUBLIC])), Internet({PUBLIC: peer}))
        with pytest.raises(ConnectFailed, match="certificate could not be verified"):
            client.send(HOOK)


def test_tls_1_1_is_refused(make_client: ClientMaker, authority: Authority) -> None:
    old = authority.serving("hooks.example")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
    with Peer(always(*answer()), tls=old) as peer, pytest.raises(ConnectFailed):
        plug(make_client(resolve=Names([PUBLIC])), Internet({PUBLIC: peer})).send(HOOK)


def test_an_allowed_pair_is_dialled_wherever_it_leads_and_still_verified(
    make_client: ClientMaker, authority: Authority
) -> None:
    with Peer(always(*answer()), tls=authority.serving("peer.test")) as peer:
        client = make_client(allow=peer.allow, resolve=lambda _h, _p: ["127.0.0.1"])
        assert client.send(Request("GET", peer.url(host="peer.test"))).status == 200
        with pytest.raises(ConnectFailed, match="certificate"):
            client.send(Request("GET", peer.url(host="127.0.0.1")))

    assert [(r.sni, r.headers["host"]) for r in peer.requests] == [("peer.test", f"peer.test:{peer.port}")]


def test_a_certificate_may_vouch_for_an_address(make_client: ClientMaker, authority: Authority) -> None:
    with Peer(always(*answer()), tls=authority.serving("127.0.0.1")) as peer:
        assert make_client(allow=peer.allow).send(Request("GET", peer.url())).status == 200


def test_a_name_server_that_does_not_answer_ends_at_the_connect_limit(
    make_client: ClientMaker,
) -> None:
    def tarpit(_host: str, _port: int) -> list[str]:
        time.sleep(5)
        return [PUBLIC]

    started = time.monotonic()
    with pytest.raises(TimedOut) as timeout:
        make_client(resolve=tarpit).send(HOOK, Policy(connect_s=0.2))

    assert timeout.value.phase == "connect"
    assert time.monotonic() - started < 2


def test_a_silent_tls_handshake_ends_at_the_connect_limit(make_client: ClientMaker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client = make_client(allow=frozenset({f"127.0.0.1:{port}"}))
        started = time.monotonic()
        with pytest.raises(TimedOut) as timeout:
            client.send(Request("GET", f"https://127.0.0.1:{port}/"), Policy(connect_s=0.2))

    assert timeout.value.phase == "connect"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("error", [socket.gaierror(-2, "no"), OSError("no")], ids=["dns", "os"])
def test_a_name_that_does_not_resolve_is_unreachable(make_client: ClientMaker, error: OSError) -> None:
    with pytest.raises(ConnectFailed, match="does not resolve"):
        make_client(resolve=Names(error)).send(HOOK)
