#!/usr/bin/env bash
# Trains every row of the accuracy table: radius 0, 1, 2 x LSTM, GRU x initial, own, neighbours, on the copper runs of
# datasets/cu_uniaxial, one training after another. One JSON line a row goes to FOLDER/rows.jsonl (settings, end error,
# persistence, skill and both R2 on each validation run); a row whose model exists is not trained again, one that was
# stopped continues from its checkpoint.
#
#   bench/study_local.sh FOLDER [option of `grainspin train` ...]     default: --epochs 30 --seed 1
#
# PROGRAM (default build/bin/grainspin) names the program; CELLS, FEEDBACKS and RADII choose rows.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: bench/study_local.sh FOLDER [option ...]}
shift
[ $# -gt 0 ] || set -- --epochs 30 --seed 1
program=${PROGRAM:-$root/build/bin/grainspin}
# Threads that wait must not spin: it costs nothing on a free machine and a lot on a shared one.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$root"
for radius in ${RADII:-1 0 2}; do
  for feedback in ${FEEDBACKS:-neighbours own initial}; do
    for cell in ${CELLS:-lstm gru}; do
      model=$folder/${feedback}_r${radius}_${cell}.safetensors
      [ ! -e "$model" ] || continue
      resume=
      [ ! -e "${model%.safetensors}.checkpoint" ] || resume=--resume
      "$program" train datasets/cu_uniaxial/train/*.h5 --validation datasets/cu_uniaxial/validation/*.h5 -o "$model" \
        --radius "$radius" --feedback "$feedback" --cell "$cell" --summary "$folder/rows.jsonl" $resume "$@"
    done
  done
done
