"""Every path no function owns: 404, 405 and preflight in our envelope."""

from shared.core.http.routes import Routes
from shared.runtime.container import Container
from shared.runtime.lambda_http import lambda_api

handler = lambda_api(Routes("Fallback"), Container())
