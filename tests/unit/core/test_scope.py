import pytest

from shared.core.scope import OrgScope, Principal, authenticated_scope


def test_a_scope_cannot_be_made_by_hand() -> None:
    """Given an organization's id, when somebody constructs a scope from it, then that fails."""
    with pytest.raises(TypeError):
        OrgScope("org_1", object())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("granted", "asked", "allowed"),
    [
        ({"agora:tokens"}, "agora:tokens", True),
        ({"agora:*"}, "agora:tokens", True),
        ({"*"}, "agora:tokens", True),
        ({"agora:admin"}, "agora:tokens", False),
        ({"ago:*"}, "agora:tokens", False),
        (set(), "agora:tokens", False),
    ],
)
def test_scopes_are_granted_by_name_domain_or_all(granted: set[str], asked: str, allowed: bool) -> None:  # noqa: FBT001 - a table of cases
    """Given granted scopes, when one is asked for, then only itself, its domain's star and the star open it."""
    principal = Principal("key_1", authenticated_scope("org_1"), frozenset(granted), "api_key")

    assert principal.may(asked) is allowed
