#!/bin/sh
# Copies the header-only libraries into third_party/headers (ignored by git), for machines that have LibTorch and zlib
# alone: carry that folder there and build the preset torch-only.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/third_party/headers
mkdir -p "$target"
cp -r /usr/include/nlohmann /usr/include/CLI "$target"
echo "copied to third_party/headers: nlohmann, CLI"
