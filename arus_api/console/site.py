"""The console at ``/``: its one page, and the files it is made of.

Owns their addresses and how long a browser keeps them. The console itself is a client of the API
like any other: nothing here knows the catalog or Dagster. Refuses paths of the API's: what is not
found under ``/api`` is answered there, in the envelope.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

FILES = Path(__file__).parent / "static"
ASSETS = "/console-assets"

_YEAR_SECONDS = 31_536_000


class Files(StaticFiles):
    """The console's files, at an address that holds their digest.

    A file there never changes, so a browser keeps it for good; another version has another address,
    and a page never mixes modules of two versions.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if answer.status_code in (200, 304):
            answer.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
        return answer


def digest(directory: Path) -> str:
    """Of the names and contents of all files in a directory."""
    total = hashlib.sha256()
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        total.update(path.relative_to(directory).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def install_console(app: FastAPI) -> None:
    """Serve the console; it needs no token, since it shows nothing before it has one."""
    assets = f"{ASSETS}/{digest(FILES)}"
    page = (FILES / "index.html").read_text().replace("{assets}", assets).encode()
    tag = f'"{hashlib.sha256(page).hexdigest()[:16]}"'
    app.mount(assets, Files(directory=FILES), name="console-assets")

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    @app.api_route("/console", methods=["GET", "HEAD"], include_in_schema=False)
    @app.api_route("/console/{page:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def console(request: Request) -> Response:
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(page, media_type="text/html; charset=utf-8", headers=headers)
