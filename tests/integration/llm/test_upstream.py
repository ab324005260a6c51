"""PUT and GET /v1/llm/upstream: an organization sets its own provider; the key goes in and never comes out."""

import json
from typing import Any

import pytest

from shared.core.egress import URL_LIMIT
from shared.core.scope import stored_scope
from shared.runtime import llm
from shared.runtime.bootstrap import Founded
from tests.fakes.cloud import Cloud

URL = "https://llm.example.com/v1"
KEY = "sk-planted-upstream-key"


def put(aws: Cloud, key: str, **changes: Any) -> Any:
    body = {"base_url": URL, "api_key": KEY, **changes}
    return aws.call("llm/manage", "PUT", "/v1/llm/upstream", key=key, json_body=body)


def test_what_was_set_is_shown_without_its_key(aws: Cloud, acme: Founded) -> None:
    made = put(aws, acme.api_key, models=["gpt-4o", "gpt-4o-mini", "gpt-4o"])
    shown = aws.call("llm/manage", "GET", "/v1/llm/upstream", key=acme.api_key)

    assert (made.status, shown.status) == (200, 200)
    assert shown.data == made.data
    assert {k: v for k, v in shown.data.items() if k != "updated_at"} == {
        "base_url": URL,
        "models": ["gpt-4o", "gpt-4o-mini"],
        "ask_usage": True,
    }
    assert KEY not in made.text + shown.text


@pytest.mark.parametrize("tail", ["é" * 400, "a" * (URL_LIMIT - len("https://llm.example.com/"))])
def test_a_url_that_could_never_be_called_is_refused_at_once(aws: Cloud, acme: Founded, tail: str) -> None:
    """Given a URL near the limit, when encoding it or the route behind it pass the limit, then 422 at its field."""
    refused = put(aws, acme.api_key, base_url=f"https://llm.example.com/{tail}")

    assert (refused.status, refused.code, refused.json["errors"][0]["pointer"]) == (422, "egress_refused", "/base_url")


def test_the_key_is_stored_sealed_and_opens_for_its_organization_only(aws: Cloud, acme: Founded) -> None:
    put(aws, acme.api_key)
    container, mine = aws.container(), stored_scope(acme.org_id)
    theirs = stored_scope(aws.found("Other").org_id)

    assert KEY not in json.dumps(aws.rows("platform") + aws.rows("audit"), default=repr)
    opened = llm.upstreams(container, mine).open()
    assert opened
    assert (opened.base_url, opened.api_key) == (URL, KEY)
    assert KEY not in repr(opened)
    assert llm.upstreams(container, theirs).open() is None


def test_replacing_keeps_one_item_and_its_age(aws: Cloud, acme: Founded) -> None:
    put(aws, acme.api_key)
    put(aws, acme.api_key, base_url="https://other.example.com/v1/", api_key="sk-2")

    (item,) = (row for row in aws.rows("platform") if row["et"]["S"] == "llm_upstream")
    assert item["base_url"]["S"] == "https://other.example.com/v1"
    assert item["created_at"]["S"] < item["updated_at"]["S"]


def test_there_is_none_until_it_is_set_and_none_of_anothers(aws: Cloud, acme: Founded) -> None:
    put(aws, acme.api_key)
    reply = aws.call("llm/manage", "GET", "/v1/llm/upstream", key=aws.found("Other").api_key)

    assert (reply.status, reply.code) == (404, "not_found")


@pytest.mark.parametrize(
    "url",
    ["https://llm.example.com/v1/", "https://llm.example.com/v1/chat/completions", "https://LLM.example.com:443/v1"],
)
def test_a_url_is_stored_in_one_form(aws: Cloud, acme: Founded, url: str) -> None:
    assert put(aws, acme.api_key, base_url=url).data["base_url"] == URL


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://llm.example.com/v1"},
        {"base_url": "https://127.0.0.1/v1"},
        {"base_url": "https://169.254.169.254/latest"},
        {"base_url": "https://[::ffff:10.0.0.1]/v1"},
        {"base_url": "https://user:pw@llm.example.com/v1"},
        {"base_url": "https://llm.example.com/v1?key=1"},
        {"base_url": "https://llm.example.com:9001/v1"},
        {"base_url": ""},
        {"api_key": ""},
        {"api_key": "two words"},
        {"api_key": "line\r\nbreak"},
        {"models": [""]},
        {"models": "gpt-4o"},
        {"ask_usage": "yes"},
        {"surprise": 1},
    ],
)
def test_a_broken_rule_is_422_with_its_pointer_and_nothing_is_written(
    aws: Cloud, acme: Founded, changes: dict[str, Any]
) -> None:
    reply = put(aws, acme.api_key, **changes)

    assert reply.status == 422
    assert reply.json["errors"][0]["pointer"].startswith("/" + next(iter(changes)))
    assert not [row for row in aws.rows("platform") if row["et"]["S"] == "llm_upstream"]


def test_only_an_administrator_may(aws: Cloud, acme: Founded) -> None:
    chatter = aws.key(acme.org_id, "llm:chat")

    assert put(aws, chatter).status == 403
    assert aws.call("llm/manage", "GET", "/v1/llm/upstream", key=chatter).status == 403
    assert put(aws, aws.key(acme.org_id, "llm:admin")).status == 200


def test_setting_it_enters_the_audit_chain(aws: Cloud, acme: Founded) -> None:
    put(aws, acme.api_key)

    assert "setLlmUpstream" in json.dumps(aws.rows("audit"), default=repr)
