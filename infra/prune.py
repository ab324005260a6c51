"""What a dependency layer does not carry. Fewer, smaller files are faster cold starts."""

import gzip
import json
import re
import shutil
from pathlib import Path

# Every AWS service that code of ours may make a client of; tests load each from the layer.
SERVICES = ("dynamodb", "kms", "s3", "scheduler", "sqs", "sts")

# botocore's own tables, needed by any client.
_BOTOCORE_TABLES = {
    "_retry.json",
    "endpoints.json",
    "partitions.json",
    "sdk-default-configuration.json",
}

# Folders nobody imports at run time, by what they are for.
_UNUSED = (
    "bin",  # console scripts
    "boto3/data",  # only `boto3.resource` reads it
    "boto3/examples",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui",  # 1.7 MB of a page we do not serve
    "aws_lambda_powertools/utilities/kafka",
    "pydantic/v1",  # the previous major version's API
    "pycparser",  # cffi wants it to compile, cryptography is compiled
)


def layer(python: Path) -> None:
    """Prune an installed `python/` folder in place."""
    for name in _UNUSED:
        shutil.rmtree(python / name, ignore_errors=True)
    for info in python.glob("*.dist-info"):
        shutil.rmtree(info)
    for cache in list(python.rglob("__pycache__")):
        shutil.rmtree(cache)
    for stub in [*python.rglob("*.pyi"), *python.rglob("*.c"), *python.rglob("*.h")]:
        stub.unlink()
    (python / ".lock").unlink(missing_ok=True)
    if (data := python / "botocore" / "data").exists():
        _botocore(data)


def _botocore(data: Path) -> None:
    """Only our services, and of those only what a client reads."""
    for entry in data.iterdir():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)
        elif entry.is_file() and entry.name.removesuffix(".gz") not in _BOTOCORE_TABLES:
            entry.unlink()
    for examples in [*data.rglob("examples-1.json*")]:
        examples.unlink()
    for model in data.glob("*/*/service-2.json.gz"):
        _without_documentation(model)
    _endpoints(data / "endpoints.json")


def _endpoints(table: Path) -> None:
    """Every partition and region, but only our services: the first client reads it all, 35 ms for 300 services."""
    known = json.loads(table.read_text())
    for partition in known["partitions"]:
        partition["services"] = {name: kept for name, kept in partition["services"].items() if name in SERVICES}
    table.write_text(json.dumps(known, separators=(",", ":")))


def _without_documentation(model: Path) -> None:
    """A service model's prose is six sevenths of it, and only `help()` reads it."""
    slim = _pruned(json.loads(gzip.decompress(model.read_bytes())))
    model.write_bytes(gzip.compress(json.dumps(slim, separators=(",", ":")).encode(), mtime=0))


def _pruned(node: object) -> object:
    if isinstance(node, dict):
        # A member of a structure may be called `documentation`, too: that one is no text.
        return {k: _pruned(v) for k, v in node.items() if not (k == "documentation" and isinstance(v, str))}
    return [_pruned(v) for v in node] if isinstance(node, list) else node


def provided_by(python: Path, lock: Path) -> None:
    """Remove packages that another layer of the same function already carries."""
    for name in re.findall(r"^([A-Za-z0-9_.-]+)==", lock.read_text(), re.MULTILINE):
        normal = re.sub(r"[-_.]+", "_", name).lower()
        for info in python.glob(f"{normal}-*.dist-info"):
            record = (info / "RECORD").read_text().splitlines()
            for line in record:
                (python / line.split(",")[0]).unlink(missing_ok=True)
            shutil.rmtree(info, ignore_errors=True)
    for folder in sorted(python.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
