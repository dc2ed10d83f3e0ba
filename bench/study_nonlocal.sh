#!/usr/bin/env bash
# The rows that decide the nonlocal family's defaults: short trainings that differ from the first row in one setting each,
# one after another, on the copper runs of datasets/cu_uniaxial. One JSON line a row goes to FOLDER/rows.jsonl (settings,
# parameters, seconds, scores of each validation run); a row whose model exists is not trained again, one that was stopped
# continues from its checkpoint. bench/study_table.py makes the tables and the picture.
#
#   bench/study_nonlocal.sh FOLDER [option of `grainspin train` ...]     default: --steps 200 --seed 1
#
# PROGRAM (default build/bin/grainspin) names the program; ROWS, a list of names, chooses rows.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: bench/study_nonlocal.sh FOLDER [option ...]}
shift
[ $# -gt 0 ] || set -- --steps 200 --seed 1
program=${PROGRAM:-$root/build/bin/grainspin}
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$root"
runs=(datasets/cu_uniaxial/train/*.h5)
common=("$@")

# row NAME RUNS OPTION...: trained on the first RUNS of the archives in the order below.
row() {
  local name=$1 count=$2 model=$folder/$1.safetensors resume=
  shift 2
  case " ${ROWS:-$name} " in *" $name "*) ;; *) return 0 ;; esac
  [ ! -e "$model" ] || return 0
  [ ! -e "${model%.safetensors}.checkpoint" ] || resume=--resume
  "$program" train "${runs[@]:0:count}" --family nonlocal --no-stress --held-out 0 \
    --validation datasets/cu_uniaxial/validation/*.h5 -o "$model" --summary "$folder/rows.jsonl" $resume \
    "${common[@]}" "$@"
}

all=${#runs[@]}
row base $all
row base_seed2 $all --seed 2
row passes_0 $all --passes 0
row passes_2 $all --passes 2
row passes_4 $all --passes 4
row runs_2 2
row runs_4 4
row runs_8 8
row linear $all --ungated
row not_carried $all --no-carried
row memory_0 $all --memory 0
row stateless $all --no-carried --memory 0
row channels_6 $all --channels 6 --width 6
row width_24 $all --width 24
row polarisations_1 $all --polarisations 1
row compressible $all --green compressible --beta 0.6
row learned $all --green learned
row sine $all --frequencies sine
row teacher_only $all --teacher 1
row passes_12 $all --passes 12
row channels_18 $all --channels 18 --width 18
