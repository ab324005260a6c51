"""Setting and showing the model provider of an organization."""

from functions.llm.manage.models import SetUpstream, UpstreamView
from shared.core.clock import rfc3339
from shared.core.egress import Allow, EgressRefused, target_of
from shared.core.errors import FieldError, Invalid, NotFound, PreconditionFailed
from shared.core.http.conditional import require_match
from shared.llm.upstream import Upstream, Upstreams, UpstreamSettings

_ROUTE = "/chat/completions"


def put(upstreams: Upstreams, wanted: SetUpstream, allow: Allow, now: int, if_match: str | None = None) -> UpstreamView:
    """Replace the upstream. Raises 422 for a URL that may not be called, 412 when ``If-Match`` names an older one."""
    upstream = Upstream(
        base_url=_base_url(wanted.base_url, allow),
        api_key=wanted.api_key,
        models=tuple(dict.fromkeys(wanted.models)),
        ask_usage=wanted.ask_usage,
    )
    return _view(upstreams.put(upstream, now, _expected(upstreams, if_match)))


def _expected(upstreams: Upstreams, if_match: str | None) -> UpstreamSettings | None:
    """What the caller has seen, so that the write can insist on it; None: the caller does not."""
    if if_match is None:
        return None
    settings = upstreams.settings()
    if settings is None:
        raise PreconditionFailed
    require_match(if_match, _view(settings).model_dump(mode="json"))
    return settings


def get(upstreams: Upstreams) -> UpstreamView:
    """The upstream without its key. Raises 404."""
    settings = upstreams.settings()
    if settings is None:
        raise NotFound
    return _view(settings)


def _base_url(url: str, allow: Allow) -> str:
    """As stored: judged, rebuilt from its parts, without the route (Agora's console asks for the whole URL)."""
    try:
        target = target_of(url, allow)
        base = target.url.rstrip("/").removesuffix(_ROUTE).rstrip("/")
        target_of(f"{base}{_ROUTE}", allow)  # what will be called
    except EgressRefused as refusal:
        raise EgressRefused(refusal.detail, fields=[FieldError("/base_url", refusal.detail)]) from refusal
    if "?" in target.path:
        raise Invalid(fields=[FieldError("/base_url", "must have no query")])
    return base


def _view(settings: UpstreamSettings) -> UpstreamView:
    return UpstreamView(
        base_url=settings.base_url,
        models=list(settings.models),
        ask_usage=settings.ask_usage,
        updated_at=rfc3339(settings.updated_at),
    )
