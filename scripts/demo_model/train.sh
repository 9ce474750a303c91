#!/bin/sh
# Trains the demo model on phantoms. Called by make.sh; goes on where it was interrupted.
#   train.sh PROGRAMS WORK THREADS   WORK holds train (phantoms); the model is put into WORK/demo
set -eu
bin=$1
work=$2
threads=$3
[ ! -f "$work/demo/model.json" ] || exit 0

echo "== training: about an hour on two cores; log: $work/demo.training/log.csv"
structures=$(paste -s -d, scripts/demo_model/structures.txt)
# Phantoms differ in pose, contrast, noise and blur as they are drawn, so nothing is augmented.
GOMP_SPINCOUNT=0 $bin/tuckerseg-compress train --data "$work/train" --plans scripts/demo_model/plans.json \
  --structures "$structures" -o "$work/demo" --name demo --licence Apache-2.0 \
  --source "tuckerseg-phantom, seeds 100000 to 100119: procedural, no patient" --store fp16 \
  --optimizer adamw --learning-rate 0.003 --weight-decay 0.0001 --schedule cosine --average 0.99 --batch 2 --foreground 0.5 \
  --no-augmentation --epochs 18 --steps-per-epoch 250 --validation 4 --validate-every 2 --seed 1 --threads "$threads"
