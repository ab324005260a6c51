"""What the repository pins is exact, checked by hash, and names no registry."""

import json
import re
import tomllib

import pytest

from infra.uv import ROOT

LOCKS = sorted(path for top in ("infra/locks", "layers", "tests/bench/peers") for path in ROOT.glob(f"{top}/**/*.lock"))


def _pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE | re.IGNORECASE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_requirement_is_exact_and_hashed_and_names_no_host(lock: object) -> None:
    text = lock.read_text()  # type: ignore[attr-defined]
    entries = [e for e in re.split(r"\n(?=\S)", text) if not e.startswith("#")]

    assert entries
    assert all("==" in e.splitlines()[0] and "--hash=sha256:" in e for e in entries)
    assert "://" not in text


def test_the_layers_ship_what_the_tests_ran() -> None:
    developer = _pins((ROOT / "infra/locks/dev.lock").read_text())
    shipped = {
        name: version
        for lock in ROOT.glob("layers/*/requirements.lock")
        for name, version in _pins(lock.read_text()).items()
    }

    assert shipped == {name: developer[name] for name in shipped}


def test_node_packages_are_exact_and_name_no_host() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = (ROOT / "package-lock.json").read_text()

    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["devDependencies"].values())
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') >= len(package["devDependencies"])


def test_the_infrastructure_library_is_pinned_exactly() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert {"aws-cdk-lib==2.275.0", "cdk-nag==3.0.2"} <= set(groups["infra"])
