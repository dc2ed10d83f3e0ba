#!/usr/bin/env bash
# Packs what a GPU machine needs to test and time the kernels into bundle/ (git-ignored): programs of a build, the
# shared libraries that they ask for, and go.sh, which runs there.
#
#   bench/device.sh [BUILD]           then, on the machine with the GPU:
#   bundle/go.sh [FOLDER FOR RESULTS]
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

bundle=$root/bundle
rm -rf "$bundle"
mkdir -p "$bundle/bin" "$bundle/lib"
cp "${programs[@]}" "$bundle/bin/"
rm -f "$bundle"/bin/bench_{archive,interface}  # not about the GPU
cp -L "$build/lib/libgrainspin_cuda.so" "$bundle/lib/"
# All but the C library's own, which must be that machine's, CUDA's and LibTorch's with what lies beside it.
ldd "$bundle"/bin/* | awk '$3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/(ld-linux|libc|libm|libdl|libpthread|librt|libresolv)[.-]|/(torch|nvidia|cuda)[^/]*/' |
  while read -r library; do cp -L "$library" "$bundle/lib/"; done
git -C "$root" rev-parse --short=12 HEAD > "$bundle/commit"
cp "$here/table.py" "$bundle/"
if [[ -x $bundle/bin/bench_training ]]; then
  mkdir -p "$bundle/datasets/train"
  cp "$root"/datasets/cu_uniaxial/train/cu_uniaxial_0[12].h5 "$bundle/datasets/train/"
fi

cat > "$bundle/go.sh" <<'GO'
#!/usr/bin/env bash
# Tests, checks and times the kernels on this machine's GPU; the table comes last. Leaves the card's settings alone.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/results}
mkdir -p "$out"
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
status=0
for t in "$here"/bin/gpu_*_test; do
  name=$(basename "$t")
  timeout 200 "$t" > "$out/$name.log" 2>&1 || status=1
  # A test that is skipped has shown nothing.
  ! grep -q '^\[  SKIPPED' "$out/$name.log" || status=1
  grep -E '^\[  (PASSED|FAILED|SKIPPED) \] [0-9]+ tests?' "$out/$name.log" | sed "s/^/$name: /"
done
if command -v compute-sanitizer >/dev/null; then
  # Small cases: each tool slows a kernel down tens of times.
  for tool in memcheck racecheck initcheck; do
    for t in gpu_gather_test:'*ListsAndBoxes*:*OnTheFly*' gpu_engine_test:'*OneHead*:*MaskedVoxels*' gpu_fused_test:'*Definition*:*MaskedVoxels*' \
      gpu_capi_device_test:'*Judged*' gpu_nonlocal_test:'*AgreesWithTheDefinition*:*MaskedVoxels*:*SinkThrows*' gpu_interactions_test:'*OfTheCpu*'; do
      timeout 120 compute-sanitizer --tool "$tool" --error-exitcode 9 "$here/bin/${t%%:*}" --gtest_filter="${t#*:}" > "$out/$tool-${t%%:*}.log" 2>&1
      code=$?
      ((code == 0)) || status=1
      echo "$tool ${t%%:*}: exit $code, $(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$out/$tool-${t%%:*}.log" | tail -1 | sed 's/^=* *//')"
    done
  done
fi
work=$(mktemp -d)
for b in "$here"/bin/bench_*; do
  name=$(basename "$b")
  preload=()
  if ldd "$b" | grep -q libtorch; then
    [[ -e $torch/libtorch_cuda.so ]] || { echo "$name: left out, python3 has no torch with CUDA"; continue; }
    preload=(env LD_PRELOAD="$torch/libtorch_cuda.so" LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$torch")
  fi
  seconds=240
  [[ $name != bench_engine_nonlocal ]] || seconds=540
  timeout "$seconds" "${preload[@]}" "$b" --benchmark_filter='gpu|cuda|engine_cpu/.*edge:32' --benchmark_out_format=json --benchmark_out="$work/$name.json" > "$out/$name.log" 2>&1 || status=1
done
cp "$work"/*.json "$out/" 2>/dev/null
echo
python3 "$here/table.py" "$work" | tee "$out/table.md"
exit $status
GO
chmod +x "$bundle/go.sh"
du -sh "$bundle" | cut -f1
