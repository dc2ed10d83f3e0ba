#!/bin/sh
# What the verdict is worth: runs outside the domain of training, and runs inside that were never trained on, told apart by the
# measure of the domain. Cases for which the repository has no archive are made here by the example solver (copper).
#
#   bench/study_domain.sh FOLDER [BIN]      BIN: folder of grainspin and cp_solver, default build/bin
#
# Needs Python with numpy, scipy and h5py (PYTHON). Writes FOLDER/*.json and prints the tables of docs/accuracy.md.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] || { sed -n 2,8p "$0"; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
bin=$(cd "${2:-$root/build/bin}" && pwd)
python=${PYTHON:-python3}
cd "$root"

# solve NAME LOAD, from NAME.start.h5
solve() {
  [ -f "$out/$1.h5" ] && return
  mkdir -p "$out/$1"
  "$bin/grainspin" convert "$out/$1.start.h5" "$out/$1.txt" > /dev/null
  "$bin/cp_solver" "$out/$1.txt" "$2" --out "$out/$1/s" > "$out/$1/log"
  "$python" bench/solver_archive.py "$out/$1.start.h5" "$2" "$out/$1/s" "$out/$1.h5" "$out/$1/log"
}
# made NAME SEED GRAINS VOXELS [options of make voronoi]
made() {
  name=$1 seed=$2 grains=$3 n=$4
  shift 4
  [ -f "$out/$name.start.h5" ] ||
    "$bin/grainspin" make voronoi -o "$out/$name.start.h5" --cells "$n" "$n" "$n" --grains "$grains" --seed "$seed" --lattice cF --phase Cu --quiet "$@"
  solve "$name" examples/solver/uniaxial.txt
}
made random_40 7 40 16
made fine_500 8 500 16
made fine_4000 9 4000 16
made coarse_4 10 4 16
made coarse_2 11 2 16
made coarse_10_of_24 12 10 24
made cube_10 13 40 16 --texture cube --spread 10
made cube_5 14 40 16 --texture cube --spread 5

# The same load to twice the strain, and with free shears.
grep -v '^#' examples/solver/uniaxial.txt > "$out/long.load"
"$python" -c '
import math
for k in range(14, 27): print("10 4 1  x 0 0  0 x 0  0 0", math.exp(0.01 * k))' >> "$out/long.load"
grep -v '^#' examples/solver/uniaxial.txt | sed 's/x 0 0  0 x 0  0 0/x x x  0 x x  0 0/' > "$out/shears.load"
for name in long shears; do
  cp "$out/random_40.start.h5" "$out/$name.start.h5"
  solve "$name" "$out/$name.load"
done

# judge MODEL NAME OPTIONS ARCHIVES, against the runs in $inside
judge() {
  model=$1 name=$2
  shift 2
  "$bin/grainspin" evaluate "networks/pretrained/$model.safetensors" "$@" --no-taylor --no-texture --no-checks --any-load --json "$out/$model.$name.json" > /dev/null
}
data=datasets
for model in cu cu_uniaxial; do
  inside="$data/cu_uniaxial/validation/cu_uniaxial_12.h5 $data/cu_uniaxial/validation/cu_uniaxial_15.h5 $data/cu_uniaxial/validation/cu_uniaxial_23.h5"
  # shellcheck disable=SC2086
  {
    judge $model inside $inside $data/cu_loads/validation/*.h5 $data/cu_uniaxial/ood/*.h5 --against $inside
    judge $model made "$out"/random_40.h5 "$out"/fine_500.h5 "$out"/fine_4000.h5 "$out"/coarse_10_of_24.h5 "$out"/coarse_4.h5 "$out"/coarse_2.h5 \
      "$out"/cube_10.h5 "$out"/cube_5.h5 "$out"/long.h5 "$out"/shears.h5 --against $inside
    judge $model every2 $inside --every 2 --against $inside
    judge $model crystal $data/fe/validation/*.h5 --against $inside
  }
done
for model in ti fe; do
  judge $model inside $data/$model/validation/*.h5 --against $data/$model/validation/*.h5
  judge $model every2 $data/$model/validation/*.h5 --every 2 --against $data/$model/validation/*.h5
done
judge fe crystal $data/cu_uniaxial/validation/cu_uniaxial_12.h5 --against $data/fe/validation/*.h5
"$python" bench/study_domain.py "$out"
