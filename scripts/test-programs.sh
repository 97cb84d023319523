#!/usr/bin/env bash
# See to it that the programs of PostgreSQL, MariaDB and Chromium are on the machine; the tests
# start private servers and a headless browser from them.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()
if ! command -v postgres >/dev/null && ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
  missing+=(postgresql)
fi
PATH=$PATH:/usr/sbin
if ! command -v mariadbd >/dev/null && ! command -v mysqld >/dev/null; then
  missing+=(mariadb-server)
fi
if ! command -v chromedriver >/dev/null; then
  missing+=(chromium chromium-driver)
fi
if [ ${#missing[@]} -gt 0 ] && ! scripts/apt-install.sh "${missing[@]}"; then
  echo "The tests need the programs of ${missing[*]}. Install Debian's packages: ${missing[*]}" >&2
  exit 1
fi
