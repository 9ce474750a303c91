#!/bin/sh
# Copies the header-only libraries and ISA-L into third_party (ignored by git), for machines that have LibTorch and zlib
# alone: carry that folder there and build the preset torch-only.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/third_party
mkdir -p "$target/headers" "$target/lib"
cp -r /usr/include/nlohmann /usr/include/CLI /usr/include/isa-l "$target/headers"
cp -L /usr/lib/x86_64-linux-gnu/libisal.so.2 "$target/lib"
echo "copied to third_party: nlohmann, CLI, ISA-L"
