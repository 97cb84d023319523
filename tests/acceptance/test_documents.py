"""Every command in the documents works as written."""

from __future__ import annotations

import re
import subprocess

import pytest

from arus_dagster.configuration import yaml_file
from tests.acceptance.documents import ROOT, blocks, run_blocks
from tests.acceptance.platform import Platform

DOCUMENTS = ("README.md", "docs/operating.md", "docs/contributing.md")


@pytest.fixture(scope="session")
def readme(shared_platform: Platform) -> subprocess.CompletedProcess[str]:
    """The README's commands, run once: what they make is what other documents go on with."""
    if not shared_platform.running:
        shared_platform.start("--sample")
    return run_blocks("README.md", shared_platform.directory)


def test_the_readmes_first_pipeline_gets_rows_into_the_warehouse(
    readme: subprocess.CompletedProcess[str],
) -> None:
    result = readme
    assert result.returncode == 0, result.stdout + result.stderr
    # A block shows the warehouse: all four statuses, 2,000 orders of each.
    counted = dict(re.findall(r"^ (\w+) +\| +(\d+)$", result.stdout, re.MULTILINE))
    assert counted == dict.fromkeys(("new", "paid", "sent", "returned"), "2000")
    # The last one shows what the receiver was told.
    assert '"title": "arus-Shop succeeded"' in result.stdout


@pytest.mark.usefixtures("readme")
def test_the_operators_commands_work(platform: Platform) -> None:
    result = run_blocks("docs/operating.md", platform.directory)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Created ana@example.com as editor." in result.stdout
    # What was dumped was put back beside the platform, rows and all.
    assert re.search(r"restored *\n-+\n *8000\n", result.stdout), result.stdout


@pytest.mark.usefixtures("readme")
def test_configuration_goes_out_and_in_as_its_document_says(platform: Platform) -> None:
    result = run_blocks("docs/configuration.md", platform.directory)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Everything is as the file says." in result.stdout


def test_the_example_of_a_configuration_is_one() -> None:
    (example,) = blocks("docs/configuration.md", "yaml")
    document = yaml_file.read(example)
    assert [pipeline.name for pipeline in document.pipelines] == ["Orders"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_in_the_documents_exists(document: str) -> None:
    commands = [
        line.removeprefix("$ ")
        for block in blocks(document, "console")
        for line in block.splitlines()
        if line.startswith("$ make ")
    ]
    for command in commands:
        result = subprocess.run(
            [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, f"{command}: {result.stderr}"


@pytest.mark.parametrize(
    "document",
    ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))],
)
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith(("http:", "https:")):
            assert ((ROOT / document).parent / target).exists(), target
