"""/v1/sources — who may notify us."""

import secrets

from functions.webhooks.manage import models, sources
from shared.core.http.models import Deleted, PageQuery
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container

READ, ADMIN = "webhooks:read", "webhooks:admin"


def add(routes: Routes, container: Container) -> None:
    """Declare them."""

    @routes.add(
        "POST",
        "/v1/sources",
        name="createSource",
        scope=ADMIN,
        body=models.CreateSource,
        returns=models.CreatedSource,
        status=201,
        idempotent=True,
        hide_on_replay=("url",),
    )
    def create_source(call: Call) -> models.CreatedSource:
        """Register a producer of notifications. Its URL is told this once."""
        return sources.create(
            container.sources(call.org),
            call.org,
            call.body,
            source_id=call.new_id("src"),
            entropy=secrets.token_bytes(sources.TOKEN_BYTES),
            base_url=container.config.public_base_url,
            now=call.now,
        )

    @routes.add(
        "GET",
        "/v1/sources",
        name="listSources",
        scope=READ,
        query=PageQuery,
        returns=models.SourceView,
        paged=True,
    )
    def list_sources(call: Call) -> Page:
        """List the sources, without secrets and URLs."""
        return sources.page(container.sources(call.org), call.query)

    @routes.add("GET", "/v1/sources/{source_id}", name="getSource", scope=READ, returns=models.SourceView)
    def get_source(call: Call) -> models.SourceView:
        """Show one source, without secrets and URL."""
        return sources.get(container.sources(call.org), call.path("source_id"))

    @routes.add("DELETE", "/v1/sources/{source_id}", name="deleteSource", scope=ADMIN, returns=Deleted)
    def delete_source(call: Call) -> Deleted:
        """Remove a source; its URL answers 404 within 60 seconds."""
        return sources.delete(container.sources(call.org), call.path("source_id"))
