#!/bin/sh
# Brings in what only tests need: other clients of the server (gRPC's and Triton's for Python, grpcurl, ghz) and Prometheus, in build/tools but for Debian's
# packages. What cannot be had is told and is no failure: the tests that need it skip, and say so.
set -u
scripts=$(cd "$(dirname "$0")" && pwd)
missing=
"$scripts/install_packages.sh" "$scripts/packages-test.txt" || missing="$missing packages-test.txt"
for script in build_go_tools.sh unpack_prometheus.sh fetch_python_clients.sh; do
  "$scripts/$script" || missing="$missing $script"
done
if [ -n "$missing" ]; then echo "note: failed, see above:$missing: tests that need what is missing will skip" >&2; fi
