#!/bin/sh
# Makes the levels of the demo model: one elastic variant, its ranks shared out by what they cost the answers on three phantoms, then trained three times, all levels
# together: twice to answer on the training's phantoms as the model does, their labels not looked at, and once as model and labels say. Called by make.sh; goes on where
# it was interrupted.
#   levels.sh PROGRAMS WORK THREADS   WORK holds demo (the model) and train (phantoms); the variant is put into WORK/demo/variants
set -eu
bin=$1
work=$2
threads=$3
[ ! -f "$work/demo/variants/elastic/variant.json" ] || exit 0
images=$work/train/imagesTr

# from, to, teacher, data, learning rate, epochs of 250 steps, epochs from one score to the next, seed
learn() {
  [ ! -f "$2/variant.json" ] || return 0
  GOMP_SPINCOUNT=0 $bin/tuckerseg-compress tune "$work/demo" "$1" --elastic --teacher "$3" --data "$4" --no-augmentation --foreground 0.5 \
    --learning-rate "$5" --weight-decay 0.0001 --schedule cosine --epochs "$6" --steps-per-epoch 250 --validation 4 --validate-every "$7" --seed "$8" \
    --threads "$threads" --store fp16 --suffix "" --default -o "$2" --tuning-directory "$work/levels-$8.tuning"
}

if [ ! -f "$work/levels-0/variant.json" ]; then
  echo "== choosing ranks for half and a third of the multiply-adds"
  $bin/tuckerseg-compress decompose "$work/demo" --budget flops=0.5 flops=0.33 --grid 1 --default --name elastic --threads "$threads" \
    --calibration "$images"/phantom_100000_0000.nii.gz "$images"/phantom_100001_0000.nii.gz "$images"/phantom_100002_0000.nii.gz -o "$work/levels-0"
fi
echo "== training the levels: three hours and a quarter on two cores"
learn "$work/levels-0" "$work/levels-1" original "$images" 0.003 5 2 1
learn "$work/levels-1" "$work/levels-2" original "$images" 0.002 12 3 2
learn "$work/levels-2" "$work/demo/variants/elastic" both "$work/train" 0.001 5 5 3
