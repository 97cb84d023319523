#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml. Needs uv; run it with "make lock".
# Every file of a release is named by its hash, and no index by its address, so that any mirror
# serves the same bytes. The runtime's versions are those of the development lock.
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND="make lock"
# What is locked stays, unless pyproject.toml says otherwise, or UPGRADE=1 is set.
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes "$@"; }
compile ${UPGRADE:+--upgrade} --extra dev --extra build pyproject.toml --output-file requirements-dev.lock
compile --extra build --constraints requirements-dev.lock pyproject.toml --output-file requirements.lock
