"""The shipped zip and layers of llm/chat, behind the real Lambda Web Adapter, in Lambda's own order of things."""

import json
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import bundling
from infra.functions import FUNCTIONS
from tests.artefact.llm import adapter, sandbox
from tests.artefact.llm.runtime_api import Invocation
from tests.artefact.llm.sandbox import Sandbox
from tests.fakes import chat_app, fault_upstream
from tests.fakes.chat_app import ROOT, Backing
from tests.fakes.fault_upstream import DONE, ROLE, STOP, WORDS

pytestmark = pytest.mark.slow

FIRST_BYTE_S = 0.5
"""What a caller is promised, seconds."""


@dataclass(frozen=True)
class Deployed:
    """A sandbox with its account."""

    sandbox: Sandbox
    backing: Backing

    def ask(self, model: str, *, stream: bool = True, key: str | None = None, path: str = "/v1") -> Invocation:
        """One chat completion, as API Gateway's REST API hands it to the function; its whole answer."""
        body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
        event = rest_event(f"{path}/chat/completions", json.dumps(body), key or self.backing.acme.api_key)
        invocation = self.sandbox.api.invoke(event)
        assert invocation.ended.wait(20), self.sandbox.log.read_text()
        return invocation


def rest_event(path: str, body: str, key: str) -> dict[str, Any]:
    """An API Gateway REST proxy event (payload format 1.0)."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "X-Forwarded-For": "203.0.113.9"}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "abc123",
            "resourcePath": "/{proxy+}",
            "httpMethod": "POST",
            "requestTime": "20/Nov/2026:08:00:00 +0000",
            "path": f"/live{path}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "live",
            "domainPrefix": "api",
            "requestTimeEpoch": 1_795_161_600_000,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "203.0.113.9", "userAgent": "test"},
            "domainName": "api.execute-api.eu-west-1.amazonaws.com",
            "apiId": "api",
        },
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sandbox's file system, from the zips that a deploy to this machine's platform would upload."""
    try:
        program = adapter.binary(ROOT / ".local")
    except adapter.CannotBuildError as reason:
        pytest.skip(str(reason))
    target = bundling.this_machine()
    zips = {
        "function": bundling.function("llm/chat", target),
        "deps": bundling.dependencies("deps", target),
        "asgi": bundling.dependencies("asgi", target),
        "shared": bundling.shared(target),
    }
    place = tmp_path_factory.mktemp("lambda")
    sandbox.unpack(zips, place, program)
    return place


@pytest.fixture(scope="module")
def deployed(root: Path) -> Iterator[Deployed]:
    from infra.constructs import function as deployed_function  # starts the CDK's node process

    with (
        fault_upstream.running(silence_s=3.0) as upstream,
        chat_app.backing(f"127.0.0.1:{upstream.port}") as backing,
    ):
        backing.set_upstream(upstream.base_url)
        environ = {**backing.environ, **deployed_function._STREAMING}
        with sandbox.started(root, environ, handler="run.sh") as running:
            yield Deployed(running, backing)


def test_the_adapter_registers_as_an_extension(deployed: Deployed) -> None:
    assert deployed.sandbox.api.extensions == ["lambda-adapter"]


def test_one_token_then_three_seconds_of_silence(deployed: Deployed) -> None:
    deployed.ask("good")  # the first request of a process opens its connections; that is bench's business
    started = time.monotonic()
    answer = deployed.ask("pause")

    assert answer.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert answer.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert answer.arrival(WORDS[0]) - started < FIRST_BYTE_S
    assert answer.arrival(DONE) - started > 3
    assert answer.body == b"".join([ROLE, *WORDS, STOP, DONE])


def test_the_prelude_tells_status_and_headers(deployed: Deployed) -> None:
    prelude = deployed.ask("good").prelude

    headers = {name.lower(): value for name, value in prelude["headers"].items()}
    assert prelude["statusCode"] == 200
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["x-request-id"].startswith("req_")
    assert "transfer-encoding" not in headers


def test_each_piece_leaves_by_itself(deployed: Deployed) -> None:
    answer = deployed.ask("pings")

    assert len({moment for moment, piece in answer.pieces if b"data: " in piece}) >= 4


@pytest.mark.parametrize("path", ["/v1", "/llm/v1"])
def test_a_whole_answer_comes_from_either_mount(deployed: Deployed, path: str) -> None:
    answer = deployed.ask("good", stream=False, path=path)

    assert answer.prelude["statusCode"] == 200
    assert json.loads(answer.body)["choices"][0]["message"]["content"] == fault_upstream.TEXT


def test_a_refusal_keeps_its_status(deployed: Deployed) -> None:
    unknown, limited = deployed.ask("good", key="sb_live_no"), deployed.ask("r429")

    assert (unknown.prelude["statusCode"], json.loads(unknown.body)["error"]["code"]) == (401, "unauthorized")
    assert limited.prelude["statusCode"] == 429
    assert {k.lower(): v for k, v in limited.prelude["headers"].items()}["retry-after"] == "7"


def test_a_cut_upstream_ends_in_an_error_chunk(deployed: Deployed) -> None:
    body = deployed.ask("cut").body

    assert b'"code":"upstream_connection_lost"' in body
    assert body.endswith(DONE)


def test_record_and_log_are_kept_before_lambda_freezes_the_sandbox(deployed: Deployed) -> None:
    before = len(deployed.backing.records())
    deployed.sandbox.freezing = True
    try:
        answer = deployed.ask("good")
        time.sleep(0.2)  # a frozen process cannot use it; one that was late would
        kept = len(deployed.backing.records())
        log = deployed.sandbox.log.read_text()
    finally:
        deployed.sandbox.freezing = False
        deployed.sandbox.signal(signal.SIGCONT)

    request_id = {k.lower(): v for k, v in answer.prelude["headers"].items()}["x-request-id"]
    assert kept == before + 1
    assert {json.loads(line)["log"] for line in log.splitlines() if request_id in line} == {"SB4001", "SB1001"}
    assert deployed.ask("good").prelude["statusCode"] == 200, "and it wakes up again"


def test_the_environment_starved_of_everything_else_logs_no_secret(deployed: Deployed) -> None:
    log = deployed.sandbox.log.read_text()

    assert '"log":"SB4001"' in log
    assert deployed.backing.acme.api_key not in log
    assert chat_app.UPSTREAM_KEY not in log
    assert not re.search(r"Héllo|Traceback", log)


def test_a_long_stream_ends_before_the_functions_time_does() -> None:
    from shared.adapters.llm.openai_compatible import TOTAL_S

    (spec,) = (function for function in FUNCTIONS if function.path == "llm/chat")
    assert TOTAL_S + 20 <= spec.timeout_s <= 900
