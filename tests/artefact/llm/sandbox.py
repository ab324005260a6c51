"""Starts the built zips of ``llm/chat`` as Lambda would: unpacked, the extension first, then the exec wrapper.

On Lambda the function lies in /var/task and its layers in /opt. Here both are below one folder, which
``LAMBDA_TASK_ROOT`` (Lambda's own variable) and ``LAYERS_ROOT`` (ours, for this) tell ``run.sh``.
"""

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.artefact.llm import adapter, runtime_api
from tests.artefact.llm.runtime_api import RuntimeApi
from tests.fakes.chat_app import free_port, wait_for

_RESERVED = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.14",
    "AWS_LAMBDA_FUNCTION_NAME": "switchboard-test-llm-chat",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/switchboard-test-llm-chat",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/20/[7]0123456789abcdef",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
}
"""Set by Lambda: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""


@dataclass
class Sandbox:
    """A started function."""

    api: RuntimeApi
    processes: list["subprocess.Popen[bytes]"]
    log: Path
    freezing: bool = False
    """Stop every process of the sandbox at the very end of a response, as Lambda does until the next event."""

    def freeze(self) -> None:
        """Called by the runtime API."""
        if self.freezing:
            self.signal(signal.SIGSTOP)

    def signal(self, number: int) -> None:
        """To every process of the sandbox."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, number)


def unpack(zips: Mapping[str, Path], root: Path, adapter_binary: Path) -> None:
    """The file system of the sandbox: ``task`` as /var/task, ``opt`` as /opt. Keeps modes, as Lambda does."""
    for name, archive in zips.items():
        target = root / ("task" if name == "function" else "opt")
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                written = Path(packed.extract(entry, target))
                written.chmod(entry.external_attr >> 16 & 0o777 or 0o644)
    extensions = root / "opt" / "extensions"
    extensions.mkdir()
    shutil.copy(adapter_binary, extensions / "lambda-adapter")
    bootstrap = root / "opt" / "bootstrap"
    bootstrap.write_text(adapter.BOOTSTRAP)
    bootstrap.chmod(0o755)


@contextmanager
def started(root: Path, environ: Mapping[str, str], *, handler: str) -> Iterator[Sandbox]:
    """``environ``: of the deployed function. Ready to be invoked when entered."""
    sandbox = Sandbox(RuntimeApi(), [], root / "log.txt")
    sandbox.api.freeze = sandbox.freeze
    with runtime_api.serving(sandbox.api) as endpoint, sandbox.log.open("wb") as log:
        variables = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # /var/lang/bin on Lambda
            "AWS_LAMBDA_RUNTIME_API": endpoint,
            "LAMBDA_TASK_ROOT": str(root / "task"),
            "LAMBDA_RUNTIME_DIR": str(root / "runtime"),
            "LAYERS_ROOT": str(root / "opt"),
            "_HANDLER": handler,
            **_RESERVED,
            **environ,
            # Lambda's sandboxes do not share a network; these tests do.
            "AWS_LWA_PORT": str(free_port()),
        }
        wrapper = variables["AWS_LAMBDA_EXEC_WRAPPER"].replace("/opt/", f"{root}/opt/")
        try:
            for command in ([str(root / "opt" / "extensions" / "lambda-adapter")], [wrapper, "/var/runtime/bootstrap"]):
                sandbox.processes.append(
                    subprocess.Popen(
                        command,
                        env=variables,
                        cwd=root / "task",
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
            wait_for(sandbox.api.asked.is_set, seconds=30, what="the runtime's first request for an event")
            yield sandbox
        finally:
            sandbox.signal(signal.SIGCONT)
            sandbox.signal(signal.SIGKILL)
            for process in sandbox.processes:
                process.wait(timeout=10)
