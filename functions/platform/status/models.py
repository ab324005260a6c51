"""What the status routes speak."""

from shared.core.http.models import Model


class Health(Model):
    """Every dependency asked has answered."""

    status: str
    region: str
    tables: list[str]
