#!/usr/bin/env bash
# Error and time of the example solver alone, the shipped surrogate alone and both in turns, on archives that neither
# was fitted to: one JSON line a row goes to FOLDER/study_turns.jsonl, the tables of docs/solver.md to standard output.
#
#   bench/study_turns.sh FOLDER [ARCHIVE ...]
#
# PROGRAM (default build/bin/study_turns) names the program, REPEATS (3) how often each row is timed. Nothing else should
# run on the machine meanwhile.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: bench/study_turns.sh FOLDER [ARCHIVE ...]}
shift
[ $# -gt 0 ] || set -- "$root"/datasets/cu_uniaxial/validation/*.h5
program=${PROGRAM:-$root/build/bin/study_turns}
export REPEATS=${REPEATS:-3}
mkdir -p "$folder"
rows=$folder/study_turns.jsonl
for archive in "$@"; do
  "$program" "$root/networks/pretrained/cu_uniaxial.safetensors" "$archive"
done > "$rows.part"
mv "$rows.part" "$rows"
"${PYTHON:-python3}" "$root/bench/study_turns.py" "$rows"
