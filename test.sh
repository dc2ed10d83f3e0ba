#!/usr/bin/env bash
# Sets the machine up, builds everything and runs every test; the last lines are ctest's.
#
#   ./test.sh [--preset NAME] [--cpu|--cuda] [--no-packages] [-- options of ctest]
#
# --preset: cuda (the default: kernels too, compiled where there is no GPU as well), cpu, asan, release.
# --cpu, --cuda: LibTorch without or with its CUDA part; else as the machine has a GPU.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/bootstrap.sh

preset=cuda
setup=()
while (($#)); do
  case $1 in
    --preset) preset=${2:?--preset wants a name}; shift ;;
    --cpu | --cuda | --no-packages) setup+=("$1") ;;
    --) shift; break ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
  esac
  shift
done
case $preset in
  asan) setup+=(--no-torch --no-nvcc) ;;
  cpu) setup+=(--no-nvcc) ;;
esac
bootstrap "${setup[@]}"

settings=(-D GRAINSPIN_TESTS=ON)
[[ ${CI:-} != true ]] || settings+=(-D GRAINSPIN_WERROR=ON)
folder=build
case $preset in asan | release) folder=build-$preset ;; esac
configure "$preset" "$folder" "${settings[@]}"
cmake --build --preset "$preset" --parallel "$(nproc)"
exec ctest --preset "$preset" --parallel "$(nproc)" "$@"
