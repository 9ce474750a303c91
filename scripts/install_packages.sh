#!/bin/sh
# Installs the packages that are missing of a list (default: scripts/packages.txt); does nothing if all are there.
set -eu
list=${1:-$(dirname "$0")/packages.txt}
missing=
for package in $(grep -v '^#' "$list"); do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "error: packages missing:$missing: install them, or run this as root" >&2
  exit 1
fi
# A certificate bundle that was put here by hand (behind a proxy, say) would be overwritten when ca-certificates comes in
# as a dependency: as a local authority it stays.
bundle=/etc/ssl/certs/ca-certificates.crt
if [ -f $bundle ] && ! dpkg-query -W -f '${db:Status-Status}' ca-certificates 2>/dev/null | grep -q '^installed'; then
  mkdir -p /usr/local/share/ca-certificates
  cp $bundle /usr/local/share/ca-certificates/preinstalled.crt
fi
echo "downloading Debian packages (about 0.5 GB on an empty system):$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086  # one word a package
apt-get -qq install --yes --no-install-recommends $missing > /dev/null
