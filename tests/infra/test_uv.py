"""uv is told what this machine tells pip."""

from pathlib import Path

from infra import uv


def test_pips_settings_become_uvs() -> None:
    listing = """\
global.cert='/etc/ssl/company.pem'
global.index-url='https://mirror.example.com/simple'
install.extra-index-url='https://one.example.com/simple https://two.example.com/simple'
global.timeout='60'
global.disable-pip-version-check='1'
"""

    assert uv.from_pip_settings(listing) == {
        "SSL_CERT_FILE": "/etc/ssl/company.pem",
        "UV_DEFAULT_INDEX": "https://mirror.example.com/simple",
        "UV_INDEX": "https://one.example.com/simple https://two.example.com/simple",
        "UV_HTTP_TIMEOUT": "60",
    }


def test_a_variable_wins_over_a_file_wherever_pip_prints_it() -> None:
    listing = ":env:.index-url='https://env.example.com'\nglobal.index-url='https://file.example.com'\n"

    assert uv.from_pip_settings(listing)["UV_DEFAULT_INDEX"] == "https://env.example.com"


def test_a_folder_without_wheels_is_no_source(tmp_path: Path) -> None:
    assert uv.from_pip_settings(f"global.find-links='{tmp_path}'\n") == {}


def test_a_folder_of_wheels_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "demo-1-py3-none-any.whl").touch()

    assert uv.from_pip_settings(f"global.find-links='{tmp_path}'\n") == {"UV_FIND_LINKS": str(tmp_path)}
