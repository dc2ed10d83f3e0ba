#!/usr/bin/env bash
# The rows that decide the nonlocal family's defaults: short trainings that differ from the first row in one setting each,
# one after another, on the copper runs of datasets/cu_uniaxial. One JSON line a row goes to FOLDER/rows.jsonl (settings,
# parameters, seconds, scores of each validation run), what each model costs to FOLDER/rates.jsonl. A row whose model exists
# is not trained again, one that was stopped continues from its checkpoint. bench/study_table.py makes the tables.
#
#   bench/study_nonlocal.sh FOLDER [option of `grainspin train` with its value ...]
#
# Options replace those of the common row below. PROGRAM (default build/bin/grainspin) names the program; ROWS, a list of
# names, chooses rows.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: bench/study_nonlocal.sh FOLDER [option value ...]}
shift
program=${PROGRAM:-$root/build/bin/grainspin}
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$root"
runs=(datasets/cu_uniaxial/train/*.h5)

# Half the default's passes: the other settings are told apart at half the cost. Single steps along the true path.
declare -A common=([--passes]=4 [--channels]=12 [--width]=12 [--polarisations]=3 [--teacher]=1 [--steps]=240 [--lr-warmup]=40
  [--seed]=1 [--threads]=1)
while [ $# -gt 0 ]; do
  common[$1]=${2:?"$1 wants a value"}
  shift 2
done

# row NAME RUNS [OPTION VALUE | FLAG]...: trained on the first RUNS archives.
row() {
  local name=$1 count=$2 model=$folder/$1.safetensors options=() key
  shift 2
  case " ${ROWS:-$name} " in *" $name "*) ;; *) return 0 ;; esac
  [ ! -e "$model" ] || return 0
  [ ! -e "${model%.safetensors}.checkpoint" ] || options+=(--resume)
  for key in "${!common[@]}"; do
    case " $* " in *" $key "*) ;; *) options+=("$key" "${common[$key]}") ;; esac
  done
  "$program" train "${runs[@]:0:count}" --family nonlocal --no-stress --keep-load --held-out 0 \
    --validation datasets/cu_uniaxial/validation/*.h5 -o "$model" --summary "$folder/rows.jsonl" "${options[@]}" "$@"
}

all=${#runs[@]}
row base $all
row base_seed2 $all --seed 2
row base_seed3 $all --seed 3
row passes_8 $all --passes 8
row passes_2 $all --passes 2
row passes_0 $all --passes 0
row channels_6 $all --channels 6 --width 6
row channels_18 $all --channels 18 --width 18
row polarisations_1 $all --polarisations 1
row polarisations_6 $all --polarisations 6
row width_24 $all --width 24
row memory_0 $all --memory 0
row not_carried $all --no-carried
row stateless $all --no-carried --memory 0
row ungated $all --ungated
row compressible $all --green compressible --beta 0.6
row learned $all --green learned
row sine $all --frequencies sine
row own_path $all --teacher 0.75
row lr_half $all --lr 0.002
row lr_double $all --lr 0.008
row passes_12 $all --passes 12

# What needs longer to show: the settings that 240 steps do not tell apart, and what the data are worth.
long=(--steps 600)
row long $all "${long[@]}"
row long_seed2 $all "${long[@]}" --seed 2
row long_passes_2 $all "${long[@]}" --passes 2
row long_passes_8 $all "${long[@]}" --passes 8
row long_width_24 $all "${long[@]}" --width 24
row long_channels_6 $all "${long[@]}" --channels 6 --width 6
row long_stateless $all "${long[@]}" --no-carried --memory 0
row long_own_path $all "${long[@]}" --teacher 0.75
row runs_1 1 "${long[@]}"
row runs_2 2 "${long[@]}"
row runs_4 4 "${long[@]}"
row runs_8 8 "${long[@]}"

rate=$(dirname "$program")/study_rate
[ ! -x "$rate" ] || "$rate" "$folder"/*.safetensors > "$folder/rates.jsonl"
