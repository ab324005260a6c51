"""Registering Agora apps."""

from functions.agora.apps.models import AppView, RegisterApp
from shared.agora.apps import MAX_APPS, AgoraAppRecord, AgoraApps
from shared.core.clock import rfc3339
from shared.core.errors import Conflict, NotFound
from shared.core.http.models import Deleted
from shared.core.http.routes import Page
from shared.core.pagination import MAX_LIMIT


def register(apps: AgoraApps, wanted: RegisterApp, now: int) -> AppView:
    """Register an app, or replace its name and certificate.

    Raises 409 when there are :data:`MAX_APPS` others: counted, not locked, so as many registrations as run at the same
    moment may go over it, and are found all the same.
    """
    if len({app.app_id for app in apps.page()} - {wanted.app_id}) >= MAX_APPS:
        raise Conflict(f"the organization has {MAX_APPS} Agora apps, which is the most: delete one first")
    return _view(apps.put(wanted.app_id, wanted.name, wanted.certificate, now))


def page(apps: AgoraApps) -> Page:
    """All of them."""
    return Page([_view(a) for a in apps.page()], MAX_LIMIT)


def delete(apps: AgoraApps, app_id: str) -> Deleted:
    """Forget an app. Raises 404."""
    if not apps.delete(app_id):
        raise NotFound
    return Deleted(id=app_id, deleted=True)


def _view(app: AgoraAppRecord) -> AppView:
    return AppView(app_id=app.app_id, name=app.name, created_at=rfc3339(app.created_at))
