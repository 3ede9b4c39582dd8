"""`/health` and `/openapi.json`."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from bridge.web.entry import entry_point
from bridge.web.resolver import http_resolver
from bridge.web.responses import json_response

app = http_resolver()
_OPENAPI = Path(__file__).with_name("openapi.json")


@app.get("/health")
def health() -> Response[str]:
    return json_response({"status": "ok"})


@app.get("/openapi.json")
def openapi() -> Response[str]:
    return Response(200, "application/json", _OPENAPI.read_text(), {"Cache-Control": "public, max-age=300"})


lambda_handler = entry_point(app.resolve)
