#!/bin/sh
# Copies the header-only libraries, ISA-L and libcrypto into third_party (ignored by git), for machines that have LibTorch and zlib
# alone: carry that folder there and build the preset torch-only.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/third_party
mkdir -p "$target/headers" "$target/lib"
cp -r /usr/include/nlohmann /usr/include/CLI /usr/include/isa-l /usr/include/openssl /usr/include/eigen3 "$target/headers"
# All of Boost is 140 MB: what its distributions include is 4.
printf '#include <boost/math/distributions/%s.hpp>\n' normal students_t | g++ -std=c++20 -M -x c++ - | tr ' \\' '\n\n' |
  sed -n 's|^/usr/include/boost/|boost/|p' | (cd /usr/include && xargs cp --parents -t "$target/headers")
# Debian keeps what differs between machines apart.
cp -r /usr/include/x86_64-linux-gnu/openssl "$target/headers"
cp -L /usr/lib/x86_64-linux-gnu/libisal.so.2 /usr/lib/x86_64-linux-gnu/libcrypto.so.3 "$target/lib"
echo "copied to third_party: nlohmann, CLI, Boost (distributions), ISA-L, OpenSSL, Eigen"
