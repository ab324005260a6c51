"""Importing the clients loads no HTTP engine, no TLS and no event loop that is not needed."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["client", "stream"])
def test_the_engine_is_loaded_by_the_first_call_only(module: str) -> None:
    program = f"""
import sys
import shared.adapters.http.{module} as client
early = {{"httpcore", "httpx", "h11", "certifi"}} & set(sys.modules)
assert not early, early
made = getattr(client, "HttpClient", None) or client.StreamClient
made()._wire()
assert "httpcore" in sys.modules and "httpx" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_blocking_client_needs_neither_tls_nor_an_event_loop_to_be_imported() -> None:
    program = """
import sys
import shared.adapters.http.client
early = {"asyncio", "ssl"} & set(sys.modules)
assert not early, early
"""
    subprocess.run([sys.executable, "-c", program], check=True)
