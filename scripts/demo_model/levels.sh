#!/bin/sh
# Makes the levels of the demo model: one elastic variant, its ranks shared out by what they cost the answers on three phantoms, then trained, all levels
# together, to answer on the training's phantoms as the model does. Their labels are not looked at. Called by make.sh; goes on where it was interrupted.
#   levels.sh PROGRAMS WORK THREADS   WORK holds demo (the model) and train (phantoms); the variant is put into WORK/demo/variants
set -eu
bin=$1
work=$2
threads=$3
[ ! -f "$work/demo/variants/elastic/variant.json" ] || exit 0

images=$work/train/imagesTr
if [ ! -f "$work/elastic/variant.json" ]; then
  echo "== choosing ranks for half, a third and a quarter of the multiply-adds"
  $bin/tuckerseg-compress decompose "$work/demo" --budget flops=0.5 flops=0.33 flops=0.25 --grid 1 --default --threads "$threads" \
    --calibration "$images"/phantom_100000_0000.nii.gz "$images"/phantom_100001_0000.nii.gz "$images"/phantom_100002_0000.nii.gz -o "$work/elastic"
fi
echo "== training the levels to answer as the model does: a quarter of an hour on two cores; log: $work/elastic.tuning/network/fold_0/log.csv"
GOMP_SPINCOUNT=0 $bin/tuckerseg-compress tune "$work/demo" "$work/elastic" --elastic --data "$images" --no-augmentation --foreground 0.5 \
  --learning-rate 0.001 --schedule cosine --epochs 4 --steps-per-epoch 100 --validation 4 --validate-every 2 --seed 1 --threads "$threads" \
  --store fp16 --suffix "" -o "$work/demo/variants/elastic" --tuning-directory "$work/elastic.tuning"
