"""What a dependency layer does not carry. Fewer, smaller files are faster cold starts."""

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
    data = python / "botocore" / "data"
    for entry in data.iterdir() if data.exists() else ():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)
        elif entry.is_file() and entry.name.removesuffix(".gz") not in _BOTOCORE_TABLES:
            entry.unlink()
    for examples in [*data.rglob("examples-1.json*")]:
        examples.unlink()


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
