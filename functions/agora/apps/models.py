"""What the app routes speak."""

from pydantic import Field

from shared.agora.rules import HEX32_PATTERN
from shared.core.http.models import Model


class RegisterApp(Model):
    """An Agora project's app id and primary certificate, from the Agora console."""

    app_id: str = Field(pattern=HEX32_PATTERN)
    certificate: str = Field(pattern=HEX32_PATTERN, repr=False)
    name: str = Field("default", min_length=1, max_length=80)


class AppView(Model):
    """An app without its certificate."""

    app_id: str
    name: str
    created_at: str
