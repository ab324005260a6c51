"""The egress rule: what a customer's URL may reach."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.core.egress import (
    URL_LIMIT,
    EgressRefused,
    Target,
    check_addresses,
    is_public,
    normal_host,
    target_of,
)

# Svix's own test list, metadata endpoints, and every form that smuggles one.
ATTACKS = """
0.0.0.0 0.0.0.1 0.1.2.3 10.0.0.1 10.254.0.0 100.64.0.1 100.100.0.0 100.100.100.200 127.0.0.1
127.255.255.254 168.63.129.16 169.254.169.254 169.254.170.2 169.254.45.1 172.16.10.65 172.31.255.255
192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.255 192.31.196.1 192.52.193.1 192.88.99.3 192.168.10.65
192.175.48.1 198.18.0.0 198.19.255.255 198.51.100.65 203.0.113.6 224.1.2.3 233.252.0.16
239.255.255.250 240.0.0.1 250.10.20.30 255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1
::ffff:0.0.0.1 ::ffff:169.254.169.254 64:ff9b::169.254.169.254 64:ff9b::8.8.8.8 64:ff9b:1::10.0.0.1
100::1 2001::1 2001:0:a9fe:a9fe:: 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::
2002:a9fe:a9fe:: 2002:808:808:: 2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fd20:ce::254
fe80::1 fe80::1%eth0 2606:4700::1111%1 fec0::1 ff02::1 ff0e::1 2606:4700::5efe:7f00:1
2606:4700::200:5efe:a9fe:a9fe
""".split()  # noqa: SIM905 - seventy quoted lines would not be read


@pytest.mark.parametrize("address", ATTACKS)
def test_an_attack_address_is_refused_whoever_resolves_to_it(address: str) -> None:
    with pytest.raises(EgressRefused):
        check_addresses([address])


NEIGHBOURS = """
1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.1.1 198.17.255.255
198.20.0.0 223.255.255.255 168.63.129.17 2606:4700::1111 2001:4860:4860::8888 2a00:1450:4001::200e
2606:4700::5efe:101:101
""".split()  # noqa: SIM905 - as above


@pytest.mark.parametrize("address", NEIGHBOURS)
def test_a_public_address_is_given_back_to_be_dialled(address: str) -> None:
    assert check_addresses([address]) == (address,)


def test_a_mapped_public_address_counts_as_the_ipv4_address_it_is() -> None:
    assert is_public(ip_address("::ffff:8.8.8.8"))


@pytest.mark.parametrize("answers", [["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], [], ["nonsense"]])
def test_one_bad_answer_or_none_refuses_the_name(answers: list[str]) -> None:
    with pytest.raises(EgressRefused):
        check_addresses(answers)


def test_repeated_answers_are_dialled_once_in_their_order() -> None:
    assert check_addresses(["8.8.8.8", "2606:4700::1", "8.8.8.8"]) == ("8.8.8.8", "2606:4700::1")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=2100))
@example("é" * 400)
@example("a" * (URL_LIMIT - len("https://example.com/")))
@example("?" + "a" * (URL_LIMIT - len("https://example.com?")))
def test_what_passes_once_passes_as_it_was_rebuilt(rest: str) -> None:
    """A URL is registered once and judged again, rebuilt, at every call."""
    try:
        registered = target_of("https://example.com/" + rest.removeprefix("?"))
    except EgressRefused:
        return

    assert len(registered.url) <= URL_LIMIT
    assert target_of(registered.url) == registered


def test_a_url_that_grows_too_long_by_encoding_is_refused_at_once() -> None:
    with pytest.raises(EgressRefused, match="longer than 2048"):
        target_of("https://example.com/" + "é" * 400)


PRIVATE = st.one_of(
    st.integers(0x7F000000, 0x7FFFFFFF),
    st.integers(0x0A000000, 0x0AFFFFFF),
    st.integers(0xA9FE0000, 0xA9FEFFFF),
    st.integers(0xAC100000, 0xAC1FFFFF),
    st.integers(0xC0A80000, 0xC0A8FFFF),
    st.integers(0x64400000, 0x647FFFFF),
    st.integers(0x00000000, 0x00FFFFFF),
    st.integers(0xE0000000, 0xFFFFFFFF),
)
HOST_BITS = st.integers(0, 2**64 - 1)


@given(v4=PRIVATE, low=HOST_BITS)
def test_a_private_ipv4_address_is_refused_however_it_is_wrapped(v4: int, low: int) -> None:
    wrapped = [
        0xFFFF << 32 | v4,  # v4-mapped
        v4,  # v4-compatible
        0x2002 << 112 | v4 << 80 | low,  # 6to4
        0x0064_FF9B << 96 | v4,  # NAT64
        0x0064_FF9B_0001 << 80 | (low & 0xFFFFFFFF) << 32 | v4,  # NAT64, local use
        0x2001 << 112 | v4 << 64 | (low & 0xFFFFFFFF),  # Teredo's server
        0x2001 << 112 | 0x08080808 << 64 | (v4 ^ 0xFFFFFFFF),  # Teredo's client
        0x2606_4700 << 96 | 0x5EFE << 32 | v4,  # ISATAP
        0x2606_4700 << 96 | 0x0200_5EFE << 32 | v4,  # ISATAP, universal
    ]

    assert not is_public(IPv4Address(v4))
    assert [str(IPv6Address(n)) for n in wrapped if is_public(IPv6Address(n))] == []


@given(st.ip_addresses())
def test_nothing_the_standard_library_calls_private_gets_through(
    address: IPv4Address | IPv6Address,
) -> None:
    if not address.is_global:
        assert not is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_a_number_in_any_base_resolves_to_what_the_guard_then_judges(number: int) -> None:
    """The resolver reads hex, octal and decimal; only the resolved address is trusted."""
    for text in (str(number), hex(number), f"0{number:o}"):
        [(*_, sockaddr)] = socket.getaddrinfo(text, 443, type=socket.SOCK_STREAM)
        assert sockaddr == (str(IPv4Address(number)), 443)


SPELLINGS_OF_LOOPBACK = (
    *("0x7f000001", "2130706433", "0177.0.0.1", "127.1", "127.0.1", "017700000001", "0x7f.0.0.1"),
    *("127.0.0.1.", "127。0。0。1", "①②⑦.0.0.1", "[::1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"),
    *("localhost", "LOCALHOST.", "ip6-localhost"),
)


@pytest.mark.parametrize("host", SPELLINGS_OF_LOOPBACK)
def test_no_spelling_of_loopback_passes_as_a_url(host: str) -> None:
    with pytest.raises(EgressRefused):
        target_of(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "The URL must use https"),
        ("ftp://example.com/", "The URL must use https"),
        ("//example.com/", "The URL must use https"),
        ("example.com", "The URL must use https"),
        ("", "The URL must use https"),
        ("https://", "The host is not a valid domain name"),
        ("https:///path", "The host is not a valid domain name"),
        ("https://example.com:22/", "The URL must use port 443 or 8443"),
        ("https://example.com:80/", "The URL must use port 443 or 8443"),
        ("https://example.com:99999/", "The URL cannot be read"),
        ("https://example.com:4x3/", "The URL cannot be read"),
        ("https://[::1/", "The URL cannot be read"),
        ("https://user@example.com/", "The URL contains a user name or password"),
        ("https://a:b@example.com/", "The URL contains a user name or password"),
        ("https://@example.com/", "The URL contains a user name or password"),
        ("https://exa mple.com/", "The URL contains a blank, a backslash or a control character"),
        (
            "https://good.com\\@evil.com",
            "The URL contains a blank, a backslash or a control character",
        ),
        (
            "https://example.com/\r\nHost: x",
            "The URL contains a blank, a backslash or a control character",
        ),
        (
            "https://example.com/\ud800",
            "The URL contains a blank, a backslash or a control character",
        ),
        ("\thttps://example.com/", "The URL contains a blank, a backslash or a control character"),
        ("https://example%2ecom/", "The host is not a valid domain name"),
        ("https://-a.example/", "The host is not a valid domain name"),
        ("https://a..example/", "The host is not a valid domain name"),
        (f"https://{'a' * 64}.example/", "The host is not a valid domain name"),
        (f"https://{'a.' * 127}example/", "The host is not a valid domain name"),
        ("https://ﻷﻻ\u0378.example/", "The host is not a valid domain name"),
        ("https://intranet/", "The host must be a full domain name"),
        ("https://169.254.169.254/latest", "The host is at an address that is not public"),
        (f"https://example.com/{'a' * 2048}", "The URL is longer than 2048 characters"),
    ],
)
def test_a_url_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(EgressRefused) as refusal:
        target_of(url)

    assert (refusal.value.detail, refusal.value.status, refusal.value.code) == (
        reason,
        422,
        "egress_refused",
    )


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", Target("https", "example.com", 443, "/")),
        ("HTTPS://EXAMPLE.com.:8443/A?b=%20#c", Target("https", "example.com", 8443, "/A?b=%20")),
        (
            "https://bücher.example/ü?q=é",
            Target("https", "xn--bcher-kva.example", 443, "/%C3%BC?q=%C3%A9"),
        ),
        ("https://\uff18.8.8.8/", Target("https", "8.8.8.8", 443, "/")),
        ("https://[2606:4700:0::1111]/", Target("https", "2606:4700::1111", 443, "/")),
        ("https://example.com:?x", Target("https", "example.com", 443, "/?x")),
    ],
)
def test_a_good_url_is_normalised(url: str, target: Target) -> None:
    assert target_of(url) == target


@given(st.sampled_from([443, 8443]), st.sampled_from(["example.com", "8.8.8.8", "[2606:4700::1111]"]))
def test_a_normalised_url_is_its_own_normal_form(port: int, host: str) -> None:
    once = target_of(f"https://{host}:{port}/a?b")

    assert target_of(once.url) == once


LAPTOP = frozenset({"127.0.0.1:9000", "localhost:9000", "[::1]:9000"})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/x",
        "http://localhost:9000/x",
        "http://[::1]:9000/x",
        "https://LOCALHOST:9000/x",
    ],
)
def test_an_allowed_pair_may_be_plain_and_private(url: str) -> None:
    assert target_of(url, LAPTOP).path == "/x"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9001/",
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "http://evil.example:9000/",
        "http://127.0.0.2:9000/",
        "http://user@127.0.0.1:9000/",
    ],
)
def test_the_allow_list_opens_nothing_beside_its_pairs(url: str) -> None:
    with pytest.raises(EgressRefused):
        target_of(url, LAPTOP)


def test_a_target_does_not_show_the_secret_in_its_path() -> None:
    target = target_of("https://example.com/hooks/s3cret?token=s3cret")

    assert repr(target) == "Target(https://example.com)"


@pytest.mark.parametrize(("host", "normal"), [("FaSS.example", "fass.example"), ("faß.example", "xn--fa-hia.example")])
def test_names_follow_idna_2008(host: str, normal: str) -> None:
    assert normal_host(host) == normal
