"""Making, listing and removing sources."""

import base64
import hashlib

from functions.webhooks.manage.models import CreatedSource, CreateSource, SourceView
from shared.core import pagination
from shared.core.clock import rfc3339
from shared.core.errors import NotFound
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Page
from shared.core.scope import OrgScope
from shared.webhooks.entities import Source
from shared.webhooks.ports import Sources

TOKEN_BYTES = 32
"""Of a source's URL: 256 random bits."""


def create(
    store: Sources, org: OrgScope, wanted: CreateSource, *, source_id: str, entropy: bytes, base_url: str, now: int
) -> CreatedSource:
    """A source; its URL is told here and nowhere else. ``entropy``: :data:`TOKEN_BYTES` random bytes."""
    token = base64.urlsafe_b64encode(entropy).decode().rstrip("=")
    digest = hashlib.sha256(token.encode()).hexdigest()
    source = Source(source_id, org, wanted.provider, wanted.name, digest, now)
    store.create(source, wanted.secrets)
    return CreatedSource(**_view(source).model_dump(), url=f"{base_url}/v1/hooks/{wanted.provider}/{token}")


def page(store: Sources, query: PageQuery) -> Page:
    """One page."""
    found = store.page(query.limit, pagination.decode(query.cursor))
    cursor = pagination.encode(found[-1].id) if len(found) == query.limit else None
    return Page([_view(s) for s in found], query.limit, cursor)


def get(store: Sources, source_id: str) -> SourceView:
    """One source. Raises 404."""
    return _view(_found(store, source_id))


def delete(store: Sources, source_id: str) -> Deleted:
    """Remove it; its URL answers 404 within 60 seconds. Raises 404."""
    store.delete(_found(store, source_id))
    return Deleted(id=source_id, deleted=True)


def _found(store: Sources, source_id: str) -> Source:
    source = store.get(source_id)
    if source is None:
        raise NotFound
    return source


def _view(source: Source) -> SourceView:
    return SourceView(id=source.id, provider=source.provider, name=source.name, created_at=rfc3339(source.created_at))
