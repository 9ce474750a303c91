#!/bin/sh
# Puts Triton's Python client and what it needs (scripts/python_clients.txt, hash-pinned) into build/tools/python, a folder for PYTHONPATH; for the tests
# that use it. Does nothing if these versions are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tools=$here/../build/tools
pinned=$(sha256sum "$here/python_clients.txt" | cut -c1-12)
if [ "$(cat "$tools/python/clients.pinned" 2>/dev/null)" = "$pinned" ]; then exit 0; fi
mkdir -p "$tools"
work=$(mktemp -d "$tools/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "downloading Triton's Python client and SimpleITK (PyPI wheels: 85 MB, unpacked 0.4 GB) ..."
python3 -m pip --disable-pip-version-check install --quiet --root-user-action=ignore --no-deps --no-cache-dir --no-compile --require-hashes \
  --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
  --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform any \
  --target "$work/python" --requirement "$here/python_clients.txt"
echo "$pinned" > "$work/python/clients.pinned"
rm -rf "$tools/python"
mv "$work/python" "$tools/python"
