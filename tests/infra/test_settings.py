"""Wrong settings are refused by name before anything is deployed."""

import dataclasses
import json
from pathlib import Path

import pytest

from infra import settings
from infra.settings import SettingsError, Stage


def _stage(**changed: object) -> Stage:
    right: dict[str, object] = {"name": "test", "home_region": "us-east-1", "regions": ("us-east-1",)}
    return Stage(**{**right, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "Prod-1"),
        ("regions", ()),
        ("regions", ("us-east-1", "us-east-1")),
        ("regions", ("us-east-1", "europe")),
        ("home_region", "eu-west-1"),
        ("account", "12345"),
        ("cors_origins", ("https://example.com/app",)),
        ("cors_origins", ("*",)),
        ("egress_allow", ("127.0.0.1:9000",)),
        ("hourly_limit", 0),
        ("log_level", "LOUD"),
        ("log_retention_days", 31),
        ("alarm_topics", {"eu-west-1": "arn"}),
    ],
)
def test_a_wrong_setting_is_refused_by_its_key(key: str, value: object) -> None:
    with pytest.raises(SettingsError, match=rf"^\S+\.{key}: "):
        _stage(**{key: value})


def test_a_domain_needs_a_certificate_in_each_region() -> None:
    domain = settings.Domain("api.example.com", {"us-east-1": "arn:aws:acm:us-east-1:1:certificate/x"})

    with pytest.raises(SettingsError, match=r"domain\.certificate_arns: needs an ACM certificate in eu-west-1"):
        _stage(regions=("us-east-1", "eu-west-1"), domain=domain)


def test_an_unknown_stage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="'qa' is not one of local, dev, prod"):
        settings.stage("qa")


@pytest.mark.parametrize("name", settings.STAGES)
def test_every_stage_in_the_repository_is_valid(name: str) -> None:
    assert settings.stage(name).name == name


def test_a_replica_key_is_the_home_key_under_the_other_region() -> None:
    stage = dataclasses.replace(_stage(), key_arn="arn:aws:kms:us-east-1:111122223333:key/mrk-1")

    assert stage.replica_key_arn("eu-west-1") == "arn:aws:kms:eu-west-1:111122223333:key/mrk-1"


def test_what_a_deploy_found_out_is_read_from_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps({"key_arn": "arn:aws:kms:us-east-1:1:key/mrk-9", "replicated": ["eu-west-1"]}))
    monkeypatch.setattr(settings, "lock_path", lambda _name: lock)

    stage = settings.stage("prod")

    assert (stage.key_arn, stage.replicated) == ("arn:aws:kms:us-east-1:1:key/mrk-9", ("eu-west-1",))


def test_ports_and_regions_of_the_laptop_come_from_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORT", "8200")
    monkeypatch.setenv("REGIONS", "eu-west-1,us-east-1")
    monkeypatch.setattr(settings, "lock_path", lambda _name: tmp_path / "none")

    stage = settings.stage("local")

    assert stage.home_region == "eu-west-1"
    assert stage.base_urls == {"eu-west-1": "http://localhost:8200", "us-east-1": "http://localhost:8201"}
