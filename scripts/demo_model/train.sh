#!/bin/sh
# Trains the demo model on phantoms, measures it on phantoms with other seeds, and puts it under models/demo. Run again after an
# interruption, it goes on where it was; for all from nothing delete build/demo-model. The same seeds give the same model, bit for bit on the
# same machine with as many THREADS (default 2).
set -eu
cd "$(dirname "$0")/../.."
bin=build/release/bin
work=build/demo-model
threads=${THREADS:-2}

# Training and validation (the last four), and test: no seed twice.
make_phantoms() { # folder, first seed, count
  [ ! -f "$work/$1/dataset.json" ] || return 0
  rm -rf "${work:?}/$1"
  echo "== making $3 phantoms, seeds $2 to $(($2 + $3 - 1))"
  $bin/tuckerseg-phantom --data-set "$work/$1" --seed "$2" --count "$3" --threads "$threads" --quiet
}
mkdir -p "$work"
exec 9> "$work/lock"  # the programs below inherit it: held as long as one of them lives, whatever became of this shell
flock -n 9 || { echo "error: $work: another training uses it: must have ended" >&2; exit 1; }
make_phantoms train 100000 124
make_phantoms test 1 20

if [ ! -f "$work/demo/model.json" ]; then
  echo "== training: about an hour on two cores; log: $work/demo.training/log.csv"
  structures=$(paste -s -d, scripts/demo_model/structures.txt)
  # Phantoms differ in pose, contrast, noise and blur as they are drawn, so nothing is augmented.
  GOMP_SPINCOUNT=0 $bin/tuckerseg-compress train --data "$work/train" --plans scripts/demo_model/plans.json \
    --structures "$structures" -o "$work/demo" --name demo --licence Apache-2.0 \
    --source "tuckerseg-phantom, seeds 100000 to 100119: procedural, no patient" --store fp16 \
    --optimizer adamw --learning-rate 0.003 --weight-decay 0.0001 --schedule cosine --average 0.99 --batch 2 --foreground 0.5 \
    --no-augmentation --epochs 18 --steps-per-epoch 250 --validation 4 --validate-every 2 --seed 1 --threads "$threads"
fi

echo "== measuring on phantoms it has not seen"
$bin/tuckerseg-compress evaluate "$work/demo" --data "$work/test" -o "$work/report" --threads "$threads"
mkdir -p models
rm -rf models/demo.unfinished-*
cp -r "$work/demo" "models/demo.unfinished-$$"
rm -rf models/demo  # killed before the next line, there is no model: run again
mv "models/demo.unfinished-$$" models/demo
echo "models/demo: the model and its card.json"
