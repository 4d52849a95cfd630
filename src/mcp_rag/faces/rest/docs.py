"""The API's documentation as a page: Swagger UI with its files from a package, nothing from elsewhere."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

_KINDS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon.png": "image/png",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Swagger UI sets styles on its elements; scripts come from here alone."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>MCP-RAG API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/files/favicon.png">
<link rel="stylesheet" href="/docs/files/swagger-ui.css"></head>
<body><div id="ui"></div>
<noscript>The description of the API is at <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/files/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
"""

_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null});\n'


def make_docs() -> APIRouter:
    """``/docs``, left out of the description itself."""
    router = APIRouter(include_in_schema=False)
    headers = {"content-security-policy": POLICY}

    @router.get("/docs")
    async def page() -> Response:
        return Response(_PAGE, media_type="text/html; charset=utf-8", headers=headers)

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(_START, media_type="text/javascript; charset=utf-8")

    @router.get("/docs/files/{name}")
    async def file(name: str) -> Response:
        if name not in _KINDS:
            raise HTTPException(404, "There is no such file")
        path = str(resources.files("fastapi_offline") / "static" / name)
        return FileResponse(path, media_type=_KINDS[name], headers={"cache-control": "private, max-age=3600"})

    return router
