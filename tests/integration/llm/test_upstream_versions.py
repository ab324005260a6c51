"""Reading and replacing the upstream under ETag and If-Match."""

from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import Cloud, Reply

PATH = "/v1/llm/upstream"
WANTED = {"base_url": "https://8.8.8.8/v1", "api_key": "sk-1"}


def call(aws: Cloud, acme: Founded, method: str, body: dict[str, str] | None = None, **headers: str) -> Reply:
    """One call with conditional headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return aws.call("llm/manage", method, PATH, key=acme.api_key, json_body=body, headers=named)


def test_a_caller_who_has_the_current_form_is_told_304(aws: Cloud, acme: Founded) -> None:
    """Given a resource read once, when read again with its tag, then 304 without a body; with another tag, 200."""
    call(aws, acme, "PUT", WANTED)
    tag = call(aws, acme, "GET").headers["ETag"]

    same = call(aws, acme, "GET", If_None_Match=f'"other", W/{tag}')
    other = call(aws, acme, "GET", If_None_Match='"other"')

    assert (same.status, same.text, same.headers["ETag"]) == (304, "", tag)
    assert other.status == 200


def test_a_change_based_on_an_older_form_is_412_and_changes_nothing(aws: Cloud, acme: Founded) -> None:
    """Given two callers who read one form, when both replace it, then the second is told and the first's stays."""
    absent = call(aws, acme, "PUT", WANTED, If_Match='"any"')
    call(aws, acme, "PUT", WANTED)
    seen = call(aws, acme, "GET").headers["ETag"]

    first = call(aws, acme, "PUT", WANTED | {"base_url": "https://8.8.4.4/v1"}, If_Match=seen)
    second = call(aws, acme, "PUT", WANTED | {"base_url": "https://1.1.1.1/v1"}, If_Match=seen)

    assert [absent.status, first.status, second.status] == [412, 200, 412]
    assert second.code == "precondition_failed"
    assert call(aws, acme, "GET").data["base_url"] == "https://8.8.4.4/v1"
