#!/bin/sh
# Makes a phantom, starts the server with the model of this repository, segments the phantom through it at two levels, shows what came back, and
# compares all levels on a phantom whose truth is known.
set -eu
cd "$(dirname "$0")/.."
bin=build/release/bin
work=build/demo
if [ ! -f models/demo/model.json ]; then
  echo "error: models/demo: holds no model: must be the repository's, or make it with: make demo-model" >&2
  exit 1
fi
rm -rf "$work"
mkdir -p "$work"

echo "== drawing a phantom: a procedural CT of the trunk"
$bin/tuckerseg-phantom --seed "${TUCKERSEG_DEMO_SEED:-1}" --spacing 2 --orientation LPS -o "$work/ct.nii.gz"

echo "== starting the server"
echo '{"drain_delay_s": 0}' > "$work/server.json"  # nobody else has to notice that it stops
address=127.0.0.1:${TUCKERSEG_DEMO_PORT:-50551}
$bin/tuckerseg-server --config "$work/server.json" --models models --listen "$address" --metrics 127.0.0.1:0 > "$work/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tries=0
until $bin/tuckerseg health --server "$address" > /dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 120 ] || ! kill -0 $server 2>/dev/null; then cat "$work/server.log" >&2; exit 1; fi
  sleep 0.5
done
# Another server may have answered on that port.
kill -0 $server 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
$bin/tuckerseg models --server "$address"
$bin/tuckerseg levels --server "$address"

echo "== segmenting the phantom"
$bin/tuckerseg segment "$work/ct.nii.gz" --server "$address" --task demo -o "$work/labels.nii.gz" \
  --remove-small-blobs 500 --statistics "$work/statistics.json" --preview "$work/preview.png"
echo "== the same at a third of the multiply-adds"
$bin/tuckerseg segment "$work/ct.nii.gz" --server "$address" --task demo --level 0.33 -o "$work/labels-0.33.nii.gz" \
  --remove-small-blobs 500 --preview "$work/preview-0.33.png" --quiet

echo "== comparing the levels on a phantom whose truth is known"
cp -r models/demo "$work/model"  # evaluate writes its cards anew, from this one phantom
$bin/tuckerseg-phantom --data-set "$work/case" --seed "${TUCKERSEG_DEMO_SEED:-1}" --count 1 --quiet
$bin/tuckerseg-compress evaluate "$work/model" --variants all --data "$work/case" -o "$work/report"

echo "picture:   $work/preview.png; at a third of the multiply-adds: $work/preview-0.33.png"
echo "report:    $work/report/report.html"
echo "label map: $work/labels.nii.gz (open it over $work/ct.nii.gz in 3D Slicer, ITK-SNAP or NiiVue)"
