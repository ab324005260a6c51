"""Making, listing and revoking API keys."""

from functions.identity.keys.models import CreatedKey, CreateKey, KeyView
from shared.core import pagination
from shared.core.clock import parse_rfc3339, rfc3339
from shared.core.errors import FieldError, Forbidden, Invalid, NotFound
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Page
from shared.core.scope import Principal
from shared.identity import keys
from shared.identity.keys import ApiKey, ApiKeys, Mode


def create(store: ApiKeys, creator: Principal, wanted: CreateKey, *, key_id: str, mode: Mode, now: int) -> CreatedKey:
    """A new key, which ends no later than its creator. Raises 403 for more than that, 422 for an expiry in the past."""
    lacking = sorted(s for s in wanted.scopes if not creator.covers(s))
    if lacking:
        message = f"a key cannot be given what its creator lacks: {', '.join(lacking)}"
        raise Forbidden(message)
    expires_at = parse_rfc3339(wanted.expires_at) if wanted.expires_at else creator.expires_at
    if expires_at is not None and expires_at <= now:
        raise Invalid(fields=[FieldError("/expires_at", "lies in the past")])
    if creator.expires_at is not None and (expires_at or 0) > creator.expires_at:
        raise Forbidden("a key cannot outlive the credential that makes it")
    text = keys.generate(mode)
    key = ApiKey(
        id=key_id,
        org=creator.org,
        name=wanted.name,
        scopes=tuple(sorted(set(wanted.scopes))),
        hint=keys.hint(text),
        digest=keys.digest(text),
        created_at=now,
        expires_at=expires_at,
    )
    store.create(key)
    return CreatedKey(**_view(key).model_dump(), key=text)


def page(store: ApiKeys, query: PageQuery) -> Page:
    """One page, oldest first."""
    after = pagination.decode(query.cursor)
    found = store.page(query.limit, after)
    cursor = pagination.encode(found[-1].id) if len(found) == query.limit else None
    return Page([_view(k) for k in found], query.limit, cursor)


def get(store: ApiKeys, key_id: str) -> KeyView:
    """One key. Raises 404."""
    return _view(_found(store, key_id))


def delete(store: ApiKeys, key_id: str) -> Deleted:
    """Revoke. Raises 404. Processes that have seen the key may honour it for 60 seconds more."""
    store.delete(_found(store, key_id))
    return Deleted(id=key_id, deleted=True)


def _found(store: ApiKeys, key_id: str) -> ApiKey:
    key = store.get(key_id)
    if key is None:
        raise NotFound
    return key


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        hint=key.hint,
        created_at=rfc3339(key.created_at),
        expires_at=rfc3339(key.expires_at) if key.expires_at else None,
    )
