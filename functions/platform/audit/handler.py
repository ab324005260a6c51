"""GET /v1/audit — the organization's audit chain of this region, newest first."""

from functions.platform.audit import service
from functions.platform.audit.models import AuditEntryView
from shared.core.http.models import PageQuery
from shared.core.http.routes import Call, Page, Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

container = Container()
routes = Routes("Audit")


@routes.add(
    "GET", "/v1/audit", name="listAudit", scope="audit:read", query=PageQuery, returns=AuditEntryView, paged=True
)
def list_audit(call: Call) -> Page:
    """List the audit chain, newest first."""
    return service.page(container.audit, call.org, call.query)


handler = lambda_api(routes, container)
