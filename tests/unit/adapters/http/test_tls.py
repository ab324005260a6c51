"""The TLS context of production."""

import ssl
from pathlib import Path

import pytest

from shared.adapters.http.tls import default_tls


def test_it_verifies_chain_and_name_and_speaks_nothing_old() -> None:
    context = default_tls()

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) > 100


def test_the_environment_cannot_make_it_write_down_session_keys(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    assert default_tls().keylog_filename is None
