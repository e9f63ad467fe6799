"""The web console: its page, which GET / answers a browser with, and the files that it is made of; and /docs.

What a payload holds can never run in it: scripts and styles come from this service alone, none are
inline, and the browser refuses to turn a string into markup (trusted types).
"""

from fastapi import APIRouter, Request, Response

from api.console.assets import DOCS, PAGE, asset, names
from api.errors import Problem
from api.routes.read_route import route

router = APIRouter()

OF_A_PAGE = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
POLICY = "; ".join(
    (*OF_A_PAGE, "img-src 'self'", "require-trusted-types-for 'script'", "trusted-types 'none'")
)
# Swagger UI makes markup, of what we say of ourselves, and has icons in its style sheet.
DOCS_POLICY = "; ".join((*OF_A_PAGE, "img-src 'self' data:"))


def page(request: Request) -> Response:
    """Answer with the console's page."""
    return _sent(request, PAGE, "Accept, Accept-Encoding")


@route(router, "/docs", forms=(), include_in_schema=False)
async def docs(request: Request) -> Response:
    """The page that shows the OpenAPI document, and tries it out."""
    return _sent(request, DOCS, "Accept-Encoding", DOCS_POLICY)


@route(router, "/console/{name:path}", forms=(), include_in_schema=False)
async def file(request: Request, name: str) -> Response:
    """One of the console's files."""
    if name not in names():
        raise Problem("not_found", "the console has no such file")
    return _sent(request, name, "Accept-Encoding")


def _sent(request: Request, name: str, vary: str, policy: str = POLICY) -> Response:
    found = asset(name)
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    tag = found.etag(zipped)
    # It is kept, and asked for each time whether it is still that: an upgrade shows at once.
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "ETag": tag, "Vary": vary}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return Response(found.zipped if zipped else found.plain, headers=headers, media_type=found.media_type)
