"""The one botocore session of a process: loaders, credentials and models are read once, a further client costs 3 ms.

botocore's low-level clients, not boto3's: 15 ms less import.
"""

import encodings.idna  # noqa: F401 - the first look-up of a host name loads it, in a caller's time
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

Client = Any
"""botocore generates its clients at run time; stubs would be a dependency for names we wrap anyway."""


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def make_client(service: str, region: str, *, connect_s: float, read_s: float, attempts: int) -> Client:
    """A client for one service and region; credentials and endpoint come from where botocore looks.

    ``attempts`` counts the first one too; each may take ``connect_s`` plus ``read_s`` seconds.
    """
    config = Config(
        region_name=region,
        connect_timeout=connect_s,
        read_timeout=read_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    return _session().create_client(service, config=config)
