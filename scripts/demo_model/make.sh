#!/bin/sh
# Makes the demo model and its levels from nothing but seeds, measures them on phantoms with other seeds, and puts them under models/demo. Run again after an
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
make_phantoms test-40 1 40

scripts/demo_model/train.sh "$bin" "$work" "$threads"
scripts/demo_model/levels.sh "$bin" "$work" "$threads"

echo "== measuring on phantoms that neither has seen"
$bin/tuckerseg-compress bench "$work/demo" --volume "$work/test-40/imagesTr/phantom_1_0000.nii.gz" --threads "$threads" --quiet
$bin/tuckerseg-compress evaluate "$work/demo" --variants all --data "$work/test-40" -o "$work/report" --threads "$threads"
mkdir -p models
rm -rf models/demo.unfinished-*
cp -r "$work/demo" "models/demo.unfinished-$$"
rm -rf models/demo  # killed before the next line, there is no model: run again
mv "models/demo.unfinished-$$" models/demo
echo "models/demo: the model, its levels and their cards; $work/report/report.html: how good each of them is"
