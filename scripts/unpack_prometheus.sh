#!/bin/sh
# Puts prometheus and promtool of Debian's package prometheus into build/tools/bin, for the tests that use them; does nothing if both are on the PATH.
# The package is unpacked and not installed: installed, it runs a Prometheus that listens on all addresses, at once and at each start of the machine.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/build/tools/bin
missing=no
for program in prometheus promtool; do
  if ! command -v $program > /dev/null && [ ! -x "$bin/$program" ]; then missing=yes; fi
done
[ $missing = yes ] || exit 0
mkdir -p "$bin"
work=$(mktemp -d "$root/build/tools/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
echo "downloading Debian's package prometheus (19 MB) ..."
apt-cache show prometheus > /dev/null 2>&1 || apt-get -qq update
apt-get -qq -o APT::Sandbox::User=root download prometheus
dpkg-deb -x prometheus_*.deb unpacked
mv unpacked/usr/bin/prometheus unpacked/usr/bin/promtool "$bin/"
