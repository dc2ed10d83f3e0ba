#!/usr/bin/env bash
# The recovery of planted interactions (docs/interactions.md), one thread, rows appended to bench/results/study_interactions.jsonl;
# what is there already is not done again. The table: bench/study_interactions_table.py.
#   bench/study_interactions.sh PROGRAM [ROW:SEEDS ...]
set -eu
program=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
results=$here/results/study_interactions.jsonl
export OPENBLAS_NUM_THREADS=1
touch "$results"
if [ $# -eq 0 ]; then
  set -- standard:10 weak:10 short:10 untied:3 untied_standard:1 iid:3 h:10 null:20
fi
for row_seeds in "$@"; do
  row=${row_seeds%%:*}
  for seed in $(seq 1 "${row_seeds##*:}"); do
    grep -q "\"row\":\"$row\".*\"seed\":$seed,\"set\":\"hcp39\"" "$results" && continue
    nice "$program" "$row" "$seed" >> "$results"
  done
done
