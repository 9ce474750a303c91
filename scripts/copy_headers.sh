#!/bin/sh
# Copies the header-only libraries, ISA-L and libcrypto into third_party (ignored by git), for machines that have LibTorch and zlib
# alone: carry that folder there and build the preset torch-only.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/third_party
mkdir -p "$target/headers" "$target/lib"
cp -r /usr/include/nlohmann /usr/include/CLI /usr/include/isa-l /usr/include/openssl /usr/include/eigen3 "$target/headers"
# Debian keeps what differs between machines apart.
cp -r /usr/include/x86_64-linux-gnu/openssl "$target/headers"
cp -L /usr/lib/x86_64-linux-gnu/libisal.so.2 /usr/lib/x86_64-linux-gnu/libcrypto.so.3 "$target/lib"
echo "copied to third_party: nlohmann, CLI, ISA-L, OpenSSL, Eigen"
