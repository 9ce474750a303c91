#!/bin/sh
# Imports a TotalSegmentator network, starts the server, segments a CT through it and shows what came back.
#   demo.sh --check  only looks whether the CT and the network are there
set -eu
cd "$(dirname "$0")/.."
data=${TUCKERSEG_TEST_DATA:-$(pwd)/../shared/data}
bin=build/release/bin
work=build/demo
ct=$data/ct/ras_3mm.nii.gz
network=$data/totalsegmentator/Dataset297_TotalSegmentator_total_3mm_1559subj
if [ ! -f "$ct" ] || [ ! -d "$network" ]; then
  echo "error: no CT and network in TUCKERSEG_TEST_DATA: set it to a folder with ct/ras_3mm.nii.gz and totalsegmentator/" >&2
  exit 1
fi

[ "${1:-}" != --check ] || exit 0

rm -rf "$work"
mkdir -p "$work/models"
echo "== importing the network of 3 mm (118 classes)"
$bin/tuckerseg-compress import --nnunet "$network" --task total_fast -o "$work/models/total_fast"

echo "== starting the server"
address=127.0.0.1:${TUCKERSEG_DEMO_PORT:-50551}
$bin/tuckerseg-server --models "$work/models" --listen "$address" --metrics 127.0.0.1:0 > "$work/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true' EXIT
tries=0
until $bin/tuckerseg health --server "$address" > /dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 120 ] || ! kill -0 $server 2>/dev/null; then cat "$work/server.log" >&2; exit 1; fi
  sleep 0.5
done
$bin/tuckerseg models --server "$address"

echo "== segmenting a CT of the trunk"
$bin/tuckerseg segment "$ct" --server "$address" --task total_fast -o "$work/labels.nii.gz"
echo "label map: $work/labels.nii.gz (open it over the CT in 3D Slicer, ITK-SNAP or NiiVue)"
