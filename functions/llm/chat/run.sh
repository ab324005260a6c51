#!/bin/sh
# Started by Lambda Web Adapter in place of Python's runtime (AWS_LAMBDA_EXEC_WRAPPER), which would otherwise
# have put the function and its layers on the path.
set -eu
PYTHONPATH="${LAMBDA_TASK_ROOT:-/var/task}:${LAYERS_ROOT:-/opt}/python:${LAMBDA_RUNTIME_DIR:-/var/runtime}"
# A log line held in a buffer is lost when the sandbox is frozen for good.
PYTHONUNBUFFERED=1
export PYTHONPATH PYTHONUNBUFFERED
# Keep-alive outlasts any freeze: the adapter reuses its connection, and must not meet one we have closed.
exec python3 -m uvicorn functions.llm.chat.handler:app \
  --host 127.0.0.1 --port "${AWS_LWA_PORT:-8080}" \
  --loop asyncio --http h11 --ws none --lifespan off \
  --timeout-keep-alive 86400 --timeout-graceful-shutdown 2 \
  --no-access-log --no-server-header --log-level warning
