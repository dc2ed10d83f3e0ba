#!/usr/bin/env bash
# The set-up script against stand-ins for apt, python3 and nvcc that note each call: what is installed when, that a second
# run installs nothing, that a failed or parallel one leaves no half-made folder. Nothing outside a temporary folder changes.
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$source_dir/scripts" "$work/scripts"
sed -i "s|/usr/local/cuda|$work/cuda|" "$work/scripts/bootstrap.sh"  # this machine's toolkit is not meant
mkdir "$work/bin"
export XDG_CACHE_HOME="$work/a cache, größer"  # spaces and umlauts must do
export CALLS=$work/calls HAVE=$work/have
export PATH=$work/bin:/usr/bin:/bin
unset GRAINSPIN_TORCH_DIR Torch_DIR CMAKE_PREFIX_PATH CUDACXX CUDA_PATH
: >"$CALLS"
cut -d' ' -f1 "$work/scripts/packages.txt" >"$HAVE"  # "installed"

stub() { cat >"$work/bin/$1"; chmod +x "$work/bin/$1"; }
stub dpkg-query <<'S'
#!/bin/bash
grep -qx -- "${!#}" "$HAVE" && printf installed
S
stub apt-get <<'S'
#!/bin/bash
echo "apt-get $*" >>"$CALLS"
S
printf '#!/bin/bash\nexec "$@"\n' | stub sudo
# python3 -m venv DIR makes DIR/bin/python, whose pip makes a folder such as the nvidia wheels make.
stub python3 <<'S'
#!/bin/bash
case "$1 $2" in
  "-c "*) echo python3.99 ;;
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip")
    echo "pip $*" >>"$CALLS"
    sleep "${PIP_SECONDS:-0}"
    site=$(dirname "$0")/../lib/python3.99/site-packages
    mkdir -p "$site/nvidia/cu13/lib" "$site/torch/lib"
    touch "$site/nvidia/cu13/lib/libcublas.so.13" "$site/torch/lib/libtorch_cpu.so"
    exit "${PIP_STATUS:-0}" ;;
esac
S
printf '#!/bin/bash\necho "Cuda compilation tools, release %s, V%s.1"\n' 12.4 12.4 | stub nvcc  # too old

failed=0
check() {  # check WHAT CONDITION...
  local what=$1
  shift
  if "$@"; then echo "ok: $what"; else echo "WRONG: $what"; failed=1; fi
}
run() { (set -euo pipefail; . "$work/scripts/bootstrap.sh"; bootstrap "$@"; echo "torch=$grainspin_torch_dir") 2>&1; }
calls() { grep -c "^$1" "$CALLS" || true; }
made() { find "$XDG_CACHE_HOME/grainspin" -mindepth 1 -maxdepth 1 -type d -name "$1"; }
# shellcheck disable=SC2317  # called by check
has() { [[ $1 == *"$2"* ]]; }

text=$(run --cpu) || { echo "$text"; exit 1; }
check "three sets of wheels for a machine without GPU and toolkit" [ "$(calls pip)" = 3 ]
check "the small LibTorch comes without dependencies" grep -q 'pip.*--no-deps.*torch-cpu.txt' "$CALLS"
check "nothing to ask of apt" [ "$(calls apt-get)" = 0 ]
check "LibTorch's folder is told" test -e "${text##*torch=}/lib/libtorch_cpu.so"
cu13=$(made 'nvcc-*')/lib/python3.99/site-packages/nvidia/cu13
check "plain names beside the versioned ones" [ "$(readlink "$cu13/lib/libcublas.so")" = libcublas.so.13 ]
check "lib64 beside lib" test -e "$cu13/lib64/libcublas.so"
key=$(sha256sum <"$work/scripts/python/nvcc.txt" | cut -c1-12)
check "the folder carries the pins' key" has "$cu13" "/nvcc-$key-python3.99/"

: >"$CALLS"
run --cpu >/dev/null
check "a second run installs nothing" [ ! -s "$CALLS" ]

run --cuda >/dev/null
check "the whole wheel brings its dependencies" [ "$(grep -c 'torch-cuda.txt' "$CALLS")" = 1 ]
check "... and is not cut short" [ "$(grep -c 'no-deps.*torch-cuda.txt' "$CALLS")" = 0 ]

: >"$CALLS"
echo "another==1.0" >>"$work/scripts/python/tests.txt"
run --cpu --no-nvcc >/dev/null
check "changed pins make another folder" [ "$(made 'tests-*' | wc -l)" = 2 ]

: >"$CALLS"
echo "broken==1.0" >>"$work/scripts/python/tests.txt"
if text=$(PIP_STATUS=1 run --cpu --no-nvcc); then check "a failed pip fails" false; fi
check "the failure says where and what" has "$text" tests.txt
check "no folder is left under its name" [ "$(made 'tests-*python3.99' | wc -l)" = 2 ]
run --cpu --no-nvcc >/dev/null
check "the next run makes it whole" [ "$(made 'tests-*' | wc -l)" = 3 ]

: >"$CALLS"
echo "parallel==1.0" >>"$work/scripts/python/tests.txt"
PIP_SECONDS=1 run --cpu --no-nvcc >/dev/null &
PIP_SECONDS=1 run --cpu --no-nvcc >/dev/null
wait $!
check "of two runs at once one installs" [ "$(calls pip)" = 1 ]

: >"$CALLS"
mkdir -p "$work/own/lib" && touch "$work/own/lib/libtorch_cpu.so"
text=$(GRAINSPIN_TORCH_DIR=$work/own run --no-nvcc --no-tests)
check "a LibTorch that is named is used" [ "${text##*torch=}" = "$work/own" ]
mkdir -p "$work/own/share/cmake/Torch"
text=$(Torch_DIR=$work/own/share/cmake/Torch run --no-nvcc --no-tests)
check "... by Torch_DIR" [ "${text##*torch=}" = "$work/own" ]
text=$(CMAKE_PREFIX_PATH=/nowhere:$work/own/share/cmake run --no-nvcc --no-tests)
check "... by CMAKE_PREFIX_PATH" [ "${text##*torch=}" = "$work/own" ]
check "... and nothing installed" [ ! -s "$CALLS" ]

printf '#!/bin/bash\necho "Cuda compilation tools, release 13.1, V13.1.1"\n' | stub nvcc
echo "new==1.0" >>"$work/scripts/python/nvcc.txt"
run --cpu --no-tests >/dev/null
check "a toolkit that is new enough is used" [ "$(grep -c nvcc.txt "$CALLS")" = 0 ]

: >"$CALLS"
grep -vx 'libhdf5-dev' "$HAVE" >"$HAVE.less" && mv "$HAVE.less" "$HAVE"
run --no-torch --no-nvcc --no-tests --no-packages >/dev/null
check "--no-packages leaves apt alone" [ "$(calls apt-get)" = 0 ]
run --no-torch --no-nvcc --no-tests >/dev/null
check "only what is missing is asked of apt" grep -q 'apt-get install.* libhdf5-dev$' "$CALLS"
if text=$(run --gpu); then check "an unknown option fails" false; fi
check "... and is named" has "$text" "--gpu"
exit $failed
