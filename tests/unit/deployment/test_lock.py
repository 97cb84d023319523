"""The lock files hold what pyproject.toml asks for, whole and verifiable."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
ASKED = {
    "requirements.lock": [*PROJECT["dependencies"], *EXTRAS["build"]],
    "requirements-dev.lock": [*PROJECT["dependencies"], *EXTRAS["build"], *EXTRAS["dev"]],
}


def locked(name: str) -> dict[str, list[str]]:
    """Version and hashes of each package of a lock file; the version comes first."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            package, _, version = re.split(r"[\s;]", line)[0].partition("==")
            found[canonicalize_name(package)] = [version, *re.findall(r"--hash=(\S+)", line)]
    return found


@pytest.mark.parametrize("name", ASKED)
def test_every_dependency_is_locked_at_a_version_it_allows(name: str) -> None:
    pins = locked(name)
    for asked in map(Requirement, ASKED[name]):
        version, *_ = pins[canonicalize_name(asked.name)]
        assert asked.specifier.contains(Version(version), prereleases=True), asked


@pytest.mark.parametrize("name", ASKED)
def test_every_package_is_verified_by_hash_and_bound_to_no_index(name: str) -> None:
    assert not [package for package, (_, *hashes) in locked(name).items() if not hashes]
    assert not re.search(r"https?://|^--|file:", (ROOT / name).read_text(), re.MULTILINE)


def test_the_platform_runs_on_the_versions_that_the_tests_ran_on() -> None:
    tested = locked("requirements-dev.lock")
    assert {name: pins[0] for name, pins in locked("requirements.lock").items()}.items() <= {
        name: pins[0] for name, pins in tested.items()
    }.items()


@pytest.mark.parametrize("name", ASKED)
def test_every_locked_package_has_one_exact_version(name: str) -> None:
    for package, (version, *_) in locked(name).items():
        assert str(Version(version)), package


def test_an_audit_asks_about_every_package_or_fails() -> None:
    """Without ``--strict`` a package that could not be asked about passes for a sound one."""
    command = ["make", "--dry-run", "--silent", "audit"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    (audit,) = (line.split() for line in shown.splitlines() if "pip-audit" in line)
    assert {"--strict", "--require-hashes"} <= set(audit)
    assert audit[audit.index("--requirement") + 1] == "requirements-dev.lock"
    assert locked("requirements.lock").keys() <= locked("requirements-dev.lock").keys()


def test_dagster_is_a_matched_set() -> None:
    pins = locked("requirements.lock")
    core = pins["dagster"][0]
    assert pins["dagster-webserver"][0] == core == pins["dagster-graphql"][0]
    # Libraries count 16 minor versions behind the core, in step with it.
    assert Version(pins["dagster-postgres"][0]).micro == Version(core).micro
