#!/usr/bin/env bash
# What fine-tuning is worth: two runs of ferrite, three seeds, started from the shipped copper model and from nothing, judged
# on the ferrite run that neither saw. One JSON line a row goes to FOLDER/rows.jsonl; a row whose model exists is not
# trained again, one that was stopped continues from its checkpoint. bench/study_init.py makes the table of docs/accuracy.md.
#
#   bench/study_init.sh FOLDER
#
# PROGRAM (default build/bin/grainspin) names the program; ROWS, a list of names, chooses rows; EPOCHS (12) is the budget.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: bench/study_init.sh FOLDER}
program=${PROGRAM:-$root/build/bin/grainspin}
export OMP_NUM_THREADS=1
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$root"

# row NAME SEED EPOCHS [OPTION VALUE]...
row() {
  local name=$1 seed=$2 epochs=$3 model=$folder/$1.safetensors resume=()
  shift 3
  case " ${ROWS:-$name} " in *" $name "*) ;; *) return 0 ;; esac
  [ ! -e "$model" ] || return 0
  [ ! -e "${model%.safetensors}.checkpoint" ] || resume=(--resume)
  "$program" train --family nonlocal datasets/fe/train/fe_uniaxial_01.h5 datasets/fe/train/fe_uniaxial_02.h5 \
    --validation datasets/fe/validation/fe_uniaxial_11.h5 --slip bcc110 --polarisations 4 --held-out 0 --threads 1 \
    --seed "$seed" --epochs "$epochs" -o "$model" --summary "$folder/rows.jsonl" "${resume[@]}" "$@"
}

epochs=${EPOCHS:-12}
for seed in 1 2 3; do
  row "scratch_s$seed" "$seed" "$epochs"
  row "fine_s$seed" "$seed" "$epochs" --lr-warmup 20 --init networks/pretrained/cu.safetensors
  row "half_s$seed" "$seed" "$((epochs / 2))" --lr-warmup 20 --init networks/pretrained/cu.safetensors
done
