"""What the fork server imports once, so that a killed process is replaced in milliseconds. Nothing of ours: the clock
must be replaced before our modules are imported.
"""

import aws_lambda_powertools.event_handler.api_gateway  # noqa: F401
import botocore.config
import botocore.session  # noqa: F401
import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401
import httpcore  # noqa: F401
import pydantic  # noqa: F401
