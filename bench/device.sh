#!/usr/bin/env bash
# Packs what a GPU machine needs to test and time the kernels into bundle/ (git-ignored): programs of a build, the
# shared libraries that they ask for, and go.sh, which runs there; and all that once more as BUILD/bundle.tar.xz.
#
#   bench/device.sh [BUILD]           then, on the machine with the GPU:
#   bundle/go.sh [--seconds N] [--only REGEX] [FOLDER FOR RESULTS]
#
# The machine needs the driver, and cuBLAS, cuFFT and cudart 13 (a CUDA toolkit, or the wheels of a Python with torch); neither
# GoogleTest nor HDF5. Programs of a build with LibTorch run where its python3 has the same torch, CUDA part included.
# Build with -DGRAINSPIN_TESTS=ON -DGRAINSPIN_BENCH=ON, on the machine's C library or an older one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=${1:-$root/build}
[[ -f $build/lib/libgrainspin_cuda.so ]] || { echo "$build has no libgrainspin_cuda.so: configure with -DGRAINSPIN_CUDA=ON" >&2; exit 1; }
shopt -s nullglob
programs=("$build"/bin/gpu_*_test "$build"/bin/bench_*)
((${#programs[@]})) || { echo "$build has neither GPU tests nor benchmarks" >&2; exit 1; }
for wanted in "$root"/tests/gpu_*_test.cpp; do
  name=$(basename "$wanted" .cpp)
  [[ -x $build/bin/$name ]] || echo "left out, since it is not built: $name" >&2
done

bundle=$root/bundle
rm -rf "$bundle"
mkdir -p "$bundle/bin" "$bundle/lib"
cp "${programs[@]}" "$bundle/bin/"
rm -f "$bundle"/bin/bench_{archive,interface}  # not about the GPU
cp -L "$build"/lib/libgrainspin_cuda*.so "$bundle/lib/"
# All but the C library's own, which must be that machine's, CUDA's and LibTorch's with what lies beside it.
theirs='/(ld-linux|libc|libm|libdl|libpthread|librt|libresolv)[.-]|/(torch|nvidia|cuda)[^/]*/'
ldd "$bundle"/bin/* | awk '$3 ~ /^\// {print $3}' | sort -u | grep -vE "$theirs" |
  while read -r library; do cp -L "$library" "$bundle/lib/"; done
chmod u+w "$bundle"/lib/* "$bundle"/bin/*
strip --strip-unneeded "$bundle"/bin/* "$bundle"/lib/*
git -C "$root" rev-parse --short=12 HEAD > "$bundle/commit"
cp "$here/table.py" "$bundle/"
if [[ -x $bundle/bin/bench_training ]]; then
  mkdir -p "$bundle/datasets/train"
  cp "$root"/datasets/cu_uniaxial/train/cu_uniaxial_0[12].h5 "$bundle/datasets/train/"
fi
# Nothing of this machine but the C library is asked for.
missing=$(cd "$bundle" && for f in bin/*; do
  env -i LD_LIBRARY_PATH="$bundle/lib" "$(command -v ldd)" "$f" | awk -v f="$f" '$3 == "not" || ($3 ~ /^\// && $3 !~ /\/bundle\//) {print f ": " $1}'
done | grep -vE ': (lib(c|m|dl|pthread|rt|resolv)\.so|lib(torch|c10|cu|nv|gomp))' || true)
[[ -z $missing ]] || { echo "not in the bundle:" >&2; echo "$missing" >&2; exit 1; }

cat > "$bundle/go.sh" <<'GO'
#!/usr/bin/env bash
# Tests, times and checks the kernels on this machine's GPU; the table comes last. Leaves the card's settings alone.
#
#   go.sh [--seconds N] [--only REGEX] [FOLDER]
#
# Every step has a limit of its own, so that one that hangs takes none of the others with it, and the most telling come first:
# tests, benchmarks, compute-sanitizer. With --seconds (of this call) what does not fit is left for the next call: steps
# that FOLDER says are done are not run again. FOLDER: summary.txt, table.md, logs.tar.gz (and the logs, which it holds).
# Exit status 0: all steps ran and passed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=0 only=. out=$here/results
while (($#)); do
  case $1 in
    --seconds) seconds=${2:?--seconds wants a number}; shift ;;
    --only) only=${2:?--only wants a pattern}; shift ;;
    -*) sed -n '4,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) out=$1 ;;
  esac
  shift
done
mkdir -p "$out/logs" "$out/done"
out=$(cd "$out" && pwd)
# cuBLAS and cuFFT: a toolkit's, else those of a Python's wheels.
places=$here/lib
for d in /usr/local/cuda/lib64 $(python3 -c 'import nvidia, glob, os
for p in nvidia.__path__:
    print(*glob.glob(os.path.join(p, "*", "lib")))' 2>/dev/null); do
  [[ ! -e $d/libcublas.so.13 || ! -e $d/libcufft.so.12 ]] || { places=$places:$d; break; }
done
export GRAINSPIN_CUDA_LIBRARY=$here/lib/libgrainspin_cuda.so GRAINSPIN_DATASETS=$here/datasets
export LD_LIBRARY_PATH=$places
# LibTorch's CUDA part registers itself when it is loaded; nothing asks for it by name.
torch=$(python3 -c 'import torch, os; print(os.path.join(os.path.dirname(torch.__file__), "lib"))' 2>/dev/null)
nvidia-smi --query-gpu=name,driver_version,clocks.sm,memory.total --format=csv,noheader ||
  { echo "no NVIDIA driver on this machine" >&2; exit 1; }

left() { ((seconds == 0)) && echo 100000 || echo $((seconds - SECONDS - 10)); }
# step NAME LIMIT COMMAND...: its log, and done/NAME with its exit status. A step that the end of the call cuts short is not done.
step() {
  local name=$1 limit=$2 room code
  shift 2
  [[ $name =~ $only && ! -e $out/done/$name ]] || return 0
  room=$(left)
  if ((room < 20 || (room < limit && room < 60))); then
    echo "$name: left for the next call" >> "$out/later"
    return 0
  fi
  local began=$SECONDS cut=$((room < limit ? room : limit))
  timeout -k 5 "$cut" "$@" > "$out/logs/$name.log" 2>&1
  code=$?
  if ((code == 124 || code == 137)) && ((cut < limit)); then
    echo "$name: cut short after $cut s, left for the next call" >> "$out/later"
    return 0
  fi
  # A test that is skipped has shown nothing.
  ! grep -q '^\[  SKIPPED' "$out/logs/$name.log" || code=77
  echo "$code" > "$out/done/$name"
  local said
  said=$(grep -hE '^\[  (PASSED|FAILED|SKIPPED) \] [0-9]+ tests?|ERROR SUMMARY|RACECHECK SUMMARY' "$out/logs/$name.log" | sed 's/^=* *//' | tr '\n' ' ')
  echo "$name: $( ((code == 0)) && echo passed || echo "exit $code" ), $((SECONDS - began)) s ${said:+($said)}" | tee -a "$out/summary.txt"
}
finish() {
  tar czf "$out/logs.tar.gz" -C "$out" logs done 2>/dev/null
  python3 "$here/table.py" "$out/logs" > "$out/table.md" 2>/dev/null
}

rm -f "$out/later"
for t in "$here"/bin/gpu_*_test; do step "$(basename "$t")" 150 "$t"; done
finish
bench() {
  local b=$here/bin/$1 preload=()
  [[ -x $b ]] || return 0
  if ldd "$b" | grep -q libtorch; then
    [[ -e $torch/libtorch_cuda.so ]] || { echo "$1: left out, python3 has no torch with CUDA" >> "$out/later"; return 0; }
    preload=(env LD_PRELOAD="$torch/libtorch_cuda.so" LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$torch")
  fi
  step "$1" "$2" "${preload[@]}" "$b" --benchmark_filter="$3" --benchmark_out_format=json --benchmark_out="$out/logs/$1.json"
  finish
}
all='gpu|cuda|engine_cpu/.*edge:32'
bench bench_ceilings 90 .
bench bench_local_cuda 240 "$all"
bench bench_engine_nonlocal 300 "$all"
bench bench_interface_gpu 90 .
bench bench_gather 90 "$all"
for b in "$here"/bin/bench_*; do  # the others
  [[ -e $out/done/$(basename "$b") || -e $out/logs/$(basename "$b").log ]] || bench "$(basename "$b")" 200 "$all"
done
if command -v compute-sanitizer >/dev/null; then
  # Small cases: each tool slows a kernel down tens of times.
  for tool in memcheck racecheck initcheck; do
    for t in gpu_gather_test:'*ListsAndBoxes*:*OnTheFly*' gpu_engine_test:'*OneHead*:*MaskedVoxels*:*PacksAndJudges*' \
      gpu_fused_test:'*Definition*:*MaskedVoxels*' gpu_capi_device_test:'*Judged*' \
      gpu_nonlocal_test:'*AgreesWithTheDefinition*:*MaskedVoxels*:*SinkThrows*:*TheVariance*' gpu_interactions_test:'*OfTheCpu*'; do
      [[ -x $here/bin/${t%%:*} ]] || continue
      step "$tool-${t%%:*}" 120 compute-sanitizer --tool "$tool" --error-exitcode 9 "$here/bin/${t%%:*}" --gtest_filter="${t#*:}"
    done
  done
else
  echo "compute-sanitizer: not on this machine" >> "$out/later"
fi
finish
echo
sort -u "$out/later" 2>/dev/null | tee -a "$out/summary.txt"
cat "$out/table.md"
[[ ! -s $out/later ]] && ! grep -qvx 0 "$out"/done/*
GO
chmod +x "$bundle/go.sh"
tar cJf "$build/bundle.tar.xz" -C "$root" bundle
echo "bundle: $(du -sh "$bundle" | cut -f1), packed $(du -h "$build/bundle.tar.xz" | cut -f1) ($build/bundle.tar.xz); needs" \
  "$(objdump -T "$bundle"/bin/* "$bundle"/lib/* 2>/dev/null | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -1)"
