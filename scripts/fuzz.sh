#!/usr/bin/env bash
# Fuzzes the readers under libFuzzer: every target (tests/fuzz) for a while, memory and time of an input bounded.
#   scripts/fuzz.sh [SECONDS] [TARGET ...]      SECONDS of each target (60); all targets unless named
# Prints for each target: inputs run, CPU seconds, most memory, lines of the readers covered; then coverage by file. A finding
# is kept in build/fuzz/findings and ends the script with status 1. What a run has found interesting is kept in
# build/fuzz/corpus and is where the next one goes on. Needs clang 16 or later with compiler-rt and llvm; CLANGXX names another.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
clang=${CLANGXX:-$(command -v clang++-16 || command -v clang++ || true)}
[ -n "$clang" ] || { echo "fuzz.sh: no clang++ (Debian: clang-16 libclang-rt-16-dev llvm-16)" >&2; exit 2; }
version=$("$clang" -dumpversion | cut -d. -f1)
tool() { command -v "$1-$version" || command -v "$1"; }
build=build/fuzz
mkdir -p $build
cmake -G Ninja -S . -B $build -DCMAKE_CXX_COMPILER="$clang" -DCMAKE_BUILD_TYPE=None -DGRAINSPIN_FUZZ=ON -DGRAINSPIN_TORCH=OFF \
  -DGRAINSPIN_CUDA=OFF >$build.log 2>&1 || { tail -5 $build.log; exit 2; }
cmake --build $build --target fuzz_libfuzzer
program=$build/bin/fuzz_libfuzzer
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0 UBSAN_OPTIONS=print_stacktrace=1
targets=("$@")
[ ${#targets[@]} -gt 0 ] || read -ra targets < <(GRAINSPIN_FUZZ_TARGET=? $program 2>&1 | sed -n 's/.*wanted one of//p')
mkdir -p $build/findings $build/profile
files=$(git ls-files 'src/*.cpp' 'src/io/*.cpp' 'src/capi/*.cpp' 'src/interactions/*.cpp')
status=0
printf '%-16s %12s %8s %8s %8s %10s\n' target inputs CPU_s MB edges lines
for target in "${targets[@]}"; do
  corpus=$build/corpus/$target
  mkdir -p "$corpus"
  log=$build/$target.log
  export GRAINSPIN_FUZZ_TARGET=$target GRAINSPIN_FUZZ_SEEDS=$corpus LLVM_PROFILE_FILE=$build/profile/$target.profraw
  if ! { TIMEFORMAT=%U; time "$program" "$corpus" $(ls -d tests/fuzz/corpus/"$target" 2>/dev/null) -max_total_time="$seconds" -timeout=60 \
      -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix=$build/findings/"$target"- >"$log" 2>&1; } 2>"$log.time"; then
    echo "$target: a finding, $log"
    grep -m3 -E 'ERROR|SUMMARY|runtime error|Test unit written' "$log" || true
    status=1
    continue
  fi
  "$(tool llvm-profdata)" merge -sparse "$LLVM_PROFILE_FILE" -o $build/profile/"$target".profdata
  printf '%-16s %12s %8s %8s %8s %10s\n' "$target" "$(sed -n 's/stat::number_of_executed_units: *//p' "$log")" "$(cat "$log.time")" \
    "$(sed -n 's/stat::peak_rss_mb: *//p' "$log")" "$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -c6-)" \
    "$("$(tool llvm-cov)" report "$program" -instr-profile=$build/profile/"$target".profdata $files | awk '/^TOTAL/ {print $8 - $9}')"
done
"$(tool llvm-profdata)" merge -sparse $build/profile/*.profdata -o $build/profile/all
echo
echo "coverage of the readers by all targets together"
"$(tool llvm-cov)" report "$program" -instr-profile=$build/profile/all $files | awk 'NR == 1 || /io\/|safetensors|model|domain|load_|TOTAL/'
exit $status
