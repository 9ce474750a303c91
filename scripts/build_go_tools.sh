#!/bin/sh
# Puts grpcurl and ghz, the stock gRPC clients that tests use, into build/tools/bin. They are built once, of Go modules pinned by scripts/go_tools/go.mod and
# go.sum, and kept in a cache outside the build folder: TUCKERSEG_CACHE names it (default: $XDG_CACHE_HOME/tuckerseg or ~/.cache/tuckerseg). Building needs Go
# 1.19 or later, which comes in where it is missing (scripts/packages-go.txt); Go fetches what its own cache has not, through GOPROXY.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/build/tools/bin
cache=${TUCKERSEG_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tuckerseg}
# The folder's name changes with what is pinned, so that old programs are never taken for new ones.
pinned=$(cat "$root/scripts/go_tools/go.mod" "$root/scripts/go_tools/go.sum" | sha256sum | cut -c1-12)
built=$cache/go_tools-$pinned
if [ ! -x "$built/grpcurl" ] || [ ! -x "$built/ghz" ]; then
  command -v go > /dev/null || "$root/scripts/install_packages.sh" "$root/scripts/packages-go.txt"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/go_tools.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "building grpcurl and ghz from Go modules (about 30 MB to download) ..."
  cd "$root/scripts/go_tools"
  # What is pinned, by the Go that is here: neither may fetch another version of itself. They are no part of this repository's history (-buildvcs). Where no
  # module comes Go tries for very long.
  GOTOOLCHAIN=local CGO_ENABLED=0 timeout 600 go build -mod=readonly -buildvcs=false -trimpath -o "$work/" \
    github.com/fullstorydev/grpcurl/cmd/grpcurl github.com/bojand/ghz/cmd/ghz
  mkdir -p "$built"
  mv "$work/grpcurl" "$work/ghz" "$built/"
fi
mkdir -p "$bin"
ln -sf "$built/grpcurl" "$built/ghz" "$bin/"
