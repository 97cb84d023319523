#!/usr/bin/env bash
# Install Debian packages where that is possible without asking: as root, or by sudo without a
# password. Services of theirs are not started. Ends with 1 where it may not.
set -euo pipefail
command -v apt-get >/dev/null || exit 1
if [ "$(id -u)" = 0 ]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  exit 1
fi
run() { "${as_root[@]}" "$@"; }

echo "Installing Debian's $*" >&2
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  # 101 is "not allowed": what asks whether it may start a service gets a no.
  printf '#!/bin/sh\nexit 101\n' | run tee $policy >/dev/null
  run chmod 755 $policy
  trap 'run rm -f $policy' EXIT
fi
run env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2
run env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@" >&2
