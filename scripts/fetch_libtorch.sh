#!/bin/sh
# Puts LibTorch into a cache outside the build folder: the official wheel, hash-pinned, unpacked once.
#   fetch_libtorch.sh          download and unpack, if not there yet
#   fetch_libtorch.sh --print  the folder that holds torch/ and nvidia/
# TUCKERSEG_CACHE names the cache (default: $XDG_CACHE_HOME/tuckerseg or ~/.cache/tuckerseg).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${TUCKERSEG_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tuckerseg}
# The folder's name changes with the pinned hashes, so that an old cache is never taken for a new one.
key=$(sha256sum "$here/libtorch.txt" | cut -c1-12)
root=$cache/libtorch-$key
if [ "${1:-}" = --print ]; then echo "$root"; exit 0; fi
if [ -f "$root/torch/lib/libtorch_cpu.so" ]; then exit 0; fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "downloading LibTorch (PyPI wheels torch, nvidia-cuda-runtime, nvidia-cuda-cupti: 0.6 GB) ..."
python3 -m pip --disable-pip-version-check download --quiet --no-deps --no-cache-dir --require-hashes \
  --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
  --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux_2_17_x86_64 \
  --platform manylinux2014_x86_64 --dest "$work/wheels" --requirement "$here/libtorch.txt"
echo "unpacking LibTorch (1.1 GB) ..."
# Only what compiling and running need: no Python sources, no Python binding, no protobuf compiler.
for wheel in "$work"/wheels/*.whl; do
  unzip -q "$wheel" 'torch/lib/*' 'torch/include/*' 'nvidia/*/lib/*.so*' '*.dist-info/*' \
    -x 'torch/lib/libtorch_python.so' 2>/dev/null -d "$work/root" || [ $? -eq 11 ]  # 11: a pattern matched nothing
done
test -f "$work/root/torch/lib/libtorch_cpu.so"
rm -rf "$root"
mv "$work/root" "$root"
