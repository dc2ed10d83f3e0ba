#!/usr/bin/env bash
# Runs every benchmark of a build and writes one table: bench/results/<processor>-<commit>.md
#
#   bench/run.sh [BUILD] [--out FOLDER] [--filter REGEX]
#
# BUILD: the build folder (build-release, else build), configured with -DGRAINSPIN_BENCH=ON.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build='' out=$here/results filter=.
while (($#)); do
  case $1 in
    --out) out=${2:?--out wants a folder}; shift ;;
    --filter) filter=${2:?--filter wants a pattern}; shift ;;
    -*) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
    *) build=$1 ;;
  esac
  shift
done
if [[ -z $build ]]; then
  for build in "$root/build-release" "$root/build"; do [[ ! -x $build/bin/bench_gather ]] || break; done
fi
[[ -x $build/bin/bench_gather ]] || { echo "no benchmarks in $build: configure it with -DGRAINSPIN_BENCH=ON" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=()
for program in "$build"/bin/bench_*; do
  [[ -x $program && ! -d $program ]] || continue
  name=$(basename "$program")
  echo "$name" >&2
  # A benchmark that fails leaves its row out, not the table.
  "$program" --benchmark_filter="$filter" --benchmark_out_format=json --benchmark_out="$work/$name.json" >/dev/null 2>"$work/$name.err" ||
    { failed+=("$name"); cat "$work/$name.err" >&2; }
done
mkdir -p "$out"
# Written to the end before anything has the table's name.
python3 "$here/table.py" "$work" > "$work/table.md"
machine=$(sed -n 's/^machine: //p' "$work/table.md") commit=$(sed -n 's/^commit: //p' "$work/table.md")
for f in "${failed[@]}"; do echo "$f ended with an error: its rows are missing" >> "$work/table.md"; done
cp "$work/table.md" "$out/$machine-$commit.md"
cat "$work/table.md"
echo "$out/$machine-$commit.md" >&2
