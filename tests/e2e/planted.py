"""A function of the deployed stack with a fault planted in it: every function of its service.py raises.

What is planted is undone when the block ends. Should the process be killed before, the next `make up` or
`make redeploy` undoes it: what the stack is said to be made of is no longer what the work tree makes.
"""

import ast
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import bundling, names, settings
from infra.functions import FUNCTIONS
from infra.local import aws, redeploy, servers
from infra.local.paths import RUN
from tests.e2e.stack import STAGE, Stack

_FAULT = "raise RuntimeError('planted')"


def made_to_raise(source: str) -> str:
    """The module with the fault as the first statement of each of its functions and methods."""
    tree = ast.parse(source)
    planted = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body.insert(0, ast.parse(_FAULT).body[0])
            planted += 1
    assert planted, "nothing to plant the fault in"
    return ast.unparse(ast.fix_missing_locations(tree))


@contextmanager
def broken(stack: Stack, path: str) -> Iterator[None]:
    """The function of a folder below `functions`, until the block ends."""
    with _chat(stack) if path == servers.CHAT else _function(stack, path):
        yield


@contextmanager
def _function(stack: Stack, path: str) -> Iterator[None]:
    """By its code alone, as `make redeploy` gives it."""
    lambda_, name = aws.client("lambda", stack.region), names.function(STAGE, path)
    hot = next(spec for spec in FUNCTIONS if spec.path == path).hot
    serving = lambda_.get_alias(FunctionName=name, Name="live")["FunctionVersion"] if hot else ""
    whole = bundling.function(path, bundling.this_machine()).read_bytes()
    with _unrecorded(path):
        try:
            lambda_.update_function_code(FunctionName=name, ZipFile=_with_fault(whole, path))
            if hot:
                version = lambda_.publish_version(FunctionName=name)["Version"]
                lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
            yield
        finally:
            lambda_.update_function_code(FunctionName=name, ZipFile=whole)
            if hot:
                lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=serving)


def _with_fault(archive: bytes, path: str) -> bytes:
    """The zip with the fault, and without the bytecode that nothing would compare with its source."""
    service, made = f"functions/{path}/service.py", io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as read, zipfile.ZipFile(made, "w") as write:
        for entry in read.infolist():
            content = read.read(entry)
            if entry.filename == service:
                content = made_to_raise(content.decode()).encode()
            if not entry.filename.startswith(f"functions/{path}/__pycache__/service."):
                write.writestr(entry, content)
    return made.getvalue()


@contextmanager
def _unrecorded(path: str) -> Iterator[None]:
    """`make redeploy` does not know what the function was given."""
    record = redeploy._RECORD
    before = record.read_text() if record.exists() else None
    known = json.loads(before) if before else {}
    record.write_text(json.dumps({name: made_of for name, made_of in known.items() if name != path}))
    try:
        yield
    finally:
        if before is None:
            record.unlink()
        else:
            record.write_text(before)


@contextmanager
def _chat(stack: Stack) -> Iterator[None]:
    """The chat app is a program beside the emulator: it is restarted from a copy with the fault, and back."""
    stage = settings.stage(STAGE)
    region = next(r for r in servers.regions(stage) if r.name == stack.region)
    task = _copy(servers.unpacked_chat())
    try:
        servers.start_chat(stage, region, task)
        servers.wait(f"{region.chat_url}/ready", f"chat-{region.name}")
        yield
    finally:
        servers.start(stage, region)
        servers.wait(f"{region.chat_url}/ready", f"chat-{region.name}")
        shutil.rmtree(task, ignore_errors=True)


def _copy(unpacked: Path) -> Path:
    """The unpacked bundle with the fault; all other files are links."""
    task = RUN / "chat-planted"
    shutil.rmtree(task, ignore_errors=True)
    shutil.copytree(unpacked, task, copy_function=os.link)
    folder = task / "functions" / servers.CHAT
    source = (folder / "service.py").read_text()
    for stale in [folder / "service.py", *(folder / "__pycache__").glob("service.*")]:
        stale.unlink()
    (folder / "service.py").write_text(made_to_raise(source))
    return task
