"""How the console is served: its page at ``/``, deep links, and files that are kept for good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from arus_api.console.site import FILES, digest

MODULES = sorted(path for path in FILES.rglob("*.js") if "vendor" not in path.parts)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def assets(client: TestClient) -> list[str]:
    return re.findall(r'(?:src|href)="(/console-assets/[^"]+)"', client.get("/").text)


@pytest.mark.parametrize("path", ["/", "/console", "/console/pipelines", "/console/runs/some/id"])
def test_every_address_of_the_console_gives_the_page_without_a_token(
    client: TestClient, path: str
) -> None:
    page = client.get(path)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text == client.get("/").text
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/nothing", "/consoles"])
def test_other_unknown_paths_are_answered_in_the_envelope(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "path",
    [
        "../site.py",
        "..%2fsite.py",
        "%2e%2e/site.py",
        "%2e%2e%2fsite.py",
        "..%5csite.py",
        "js/..%2f..%2fsite.py",
        "%2fetc%2fpasswd",
        "//etc/passwd",
        "%00",
        "main.js%00",
    ],
)
def test_no_path_leads_out_of_the_consoles_files(client: TestClient, path: str) -> None:
    """As raw as it stands here: a client would clean some of these up."""
    base = assets(client)[0].split("/")[2]
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=f"/console-assets/{base}/{path}".encode())

    answer = client.send(request)

    assert answer.status_code == 404, answer.text
    assert "install_console" not in answer.text and "root:" not in answer.text


def test_the_page_is_asked_for_again_each_time_and_comes_only_when_it_changed(
    client: TestClient,
) -> None:
    page = client.get("/")
    again = client.get("/", headers={"If-None-Match": page.headers["etag"]})

    assert page.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


def test_files_are_kept_for_good_at_an_address_of_their_contents(client: TestClient) -> None:
    found = assets(client)
    types = {Path(path).suffix: client.get(path).headers["content-type"] for path in found}

    assert types.keys() == {".svg", ".css", ".js"}
    assert types[".svg"].startswith("image/svg+xml")
    assert types[".css"].startswith("text/css")
    assert "javascript" in types[".js"]
    for path in found:
        answer = client.get(path)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["etag"]


def test_another_version_has_other_addresses(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text("one")
    before = digest(tmp_path)
    (tmp_path / "main.js").write_text("two")
    after = digest(tmp_path)

    assert before != after
    current = digest(FILES)
    assert all(f"/{current}/" in path for path in assets(client))
    gone = client.get(f"/console-assets/{before}/main.js")
    assert gone.status_code == 404
    assert "immutable" not in gone.headers.get("cache-control", "")


def test_a_file_outside_is_not_served(client: TestClient) -> None:
    base = assets(client)[0].rsplit("/", 1)[0]

    for path in ("..%2Fsite.py", "%2e%2e/site.py", "index.html/../../site.py", "lib"):
        assert client.get(f"{base}/{path}").status_code == 404


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline(client: TestClient) -> None:
    page = client.get("/")

    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<style" not in page.text
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", page.text)
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page.text)


def test_every_module_that_is_imported_is_there() -> None:
    imports = re.compile(r'(?:from|^import) "(\.[^"]+)"', re.MULTILINE)
    reached = {FILES / "main.js"}
    for module in MODULES:
        for name in imports.findall(module.read_text()):
            imported = (module.parent / name).resolve()
            assert imported.is_file(), f"{module.name} imports {name}"
            reached.add(imported)

    assert reached >= set(MODULES), "a module that nothing imports"


def test_modules_make_no_markup_of_text() -> None:
    for module in MODULES:
        code = module.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|dangerously|eval\(", code), module
