#!/bin/sh
# Builds grpcurl and ghz, the stock gRPC clients that tests use, into build/tools/bin: Go modules, pinned by scripts/go_tools/go.mod and go.sum.
# Does nothing if these versions are there. Needs Go 1.19 or later (Debian 12: golang-go); Go fetches what its cache has not, through GOPROXY.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/build/tools/bin
pinned=$(cat "$root/scripts/go_tools/go.mod" "$root/scripts/go_tools/go.sum" | sha256sum | cut -c1-12)
if [ -x "$bin/grpcurl" ] && [ -x "$bin/ghz" ] && [ "$(cat "$bin/go_tools.pinned" 2>/dev/null)" = "$pinned" ]; then exit 0; fi
if ! command -v go > /dev/null; then
  echo "error: go: is missing: must be Go 1.19 or later (Debian's package golang-go)" >&2
  exit 1
fi
mkdir -p "$bin"
echo "building grpcurl and ghz from Go modules (about 30 MB to download) ..."
cd "$root/scripts/go_tools"
# What is pinned, by the Go that is here: neither may fetch another version of itself. They are no part of this repository's history (-buildvcs).
GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath -o "$bin/" \
  github.com/fullstorydev/grpcurl/cmd/grpcurl github.com/bojand/ghz/cmd/ghz
echo "$pinned" > "$bin/go_tools.pinned"
