#!/usr/bin/env bash
# Sets a Debian or Ubuntu machine up for grainspin; sourced by quickstart.sh and test.sh. Whatever is there already is
# used, so a second run changes nothing and asks no server.
#
#   bootstrap [--cpu|--cuda] [--no-torch] [--no-nvcc] [--no-tests] [--no-packages]
#
# 1. packages of packages.txt by apt, as root or with sudo;
# 2. Python wheels into ${XDG_CACHE_HOME:-~/.cache}/grainspin/<name>-<key>, the key being the start of the SHA-256 of
#    python/<name>.txt, so that all clones and presets share them and new pins get a new folder. CMake finds them
#    there by the same rule (cmake/Pinned.cmake):
#      tests                  what the tests read files with
#      torch-cpu, torch-cuda  LibTorch, unless one is given by GRAINSPIN_TORCH_DIR, Torch_DIR or CMAKE_PREFIX_PATH;
#                             the small one without a GPU
#      nvcc                   the CUDA compiler, where there is no toolkit 12.8 or newer
# Afterwards grainspin_torch_dir holds LibTorch's folder, empty for --no-torch.

grainspin_scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
grainspin_torch_dir=
export HOME=${HOME:-$(getent passwd "$EUID" | cut -d: -f6)}

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'set-up failed: %s\n' "$*" >&2; exit 1; }

# The lines of a list that are neither empty nor comments.
entries() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"; }

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: its packages are taken as given (scripts/packages.txt lists them)"
    return
  fi
  local package missing=()
  while read -r package; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done < <(entries "$grainspin_scripts/packages.txt")
  ((${#missing[@]})) || return 0
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "neither root nor sudo here; ask for: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq || fail "apt-get update did not work"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
}

# pinned NAME [pip options]: puts the wheels of python/NAME.txt into the cache and prints the folder in which they lie.
# The folder appears under its name when it is complete; one process at a time makes one.
pinned() {
  local name=$1 list=$grainspin_scripts/python/$1.txt cache=${XDG_CACHE_HOME:-$HOME/.cache}/grainspin
  shift
  local version home
  version=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])') || fail "python3 does not run"
  home=$cache/$name-$(sha256sum "$list" | cut -c1-12)-$version
  if [[ ! -d $home ]]; then
    mkdir -p "$cache" || fail "cannot write to $cache"
    (
      flock 9
      [[ ! -d $home ]] || exit 0  # made by another process while this one waited
      say "installing $(entries "$list" | tr '\n' ' ')into $home" >&2
      rm -rf "$home.partial"
      python3 -m venv "$home.partial" &&
        "$home.partial/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check \
          --only-binary=:all: "$@" -r "$list" >&2 &&
        link_libraries "$home.partial/lib/$version/site-packages/nvidia/cu13" &&
        mv "$home.partial" "$home"
    ) 9>"$cache/lock" || fail "the wheels of $list could not be installed into $cache"
  fi
  printf '%s\n' "$home/lib/$version/site-packages"
}

# The nvidia wheels have versioned names only, in lib; nvcc and CMake look for lib64 and plain names.
link_libraries() {
  [[ -d $1/lib ]] || return 0
  [[ -e $1/lib64 ]] || ln -s lib "$1/lib64"
  local file plain
  for file in "$1"/lib/lib*.so.*; do
    plain=${file%%.so.*}.so
    [[ ! -e $file || -e $plain ]] || ln -s "$(basename "$file")" "$plain"
  done
}

has_gpu() { [[ -e /dev/nvidia0 ]] || nvidia-smi -L >/dev/null 2>&1; }

# The folder (with lib/libtorch_cpu.so) of a LibTorch that the user names.
given_torch() {
  local place places=("${GRAINSPIN_TORCH_DIR:-}" "${Torch_DIR:+$Torch_DIR/../../..}") prefixes=()
  IFS=: read -r -a prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for place in "${prefixes[@]}"; do places+=("$place" "${place:+$place/../..}"); done
  for place in "${places[@]}"; do
    if [[ -n $place && -e $place/lib/libtorch_cpu.so ]]; then
      (cd "$place" && pwd)
      return
    fi
  done
}

# A CUDA compiler of a toolkit 12.8 or newer; the places are those of cmake/Pinned.cmake.
has_nvcc() {
  local nvcc release
  for nvcc in "${CUDACXX:-}" "$(command -v nvcc)" "${CUDA_PATH:-}/bin/nvcc" /usr/local/cuda/bin/nvcc; do
    [[ -n $nvcc && -x $nvcc ]] || continue
    release=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
    [[ $(printf '%s\n' 12.8 "$release" | sort -V | head -n 1) == 12.8 ]] && return 0
  done
  return 1
}

# configure PRESET FOLDER [settings]: cmake, from the start where the folder was configured with other pins of nvcc.
configure() {
  local preset=$1 cache=$2/CMakeCache.txt fresh=()
  shift 2
  if [[ -e $cache ]] && grep -q '^CMAKE_CUDA_COMPILER:.*/grainspin/nvcc-' "$cache" &&
    ! grep -q "^CMAKE_CUDA_COMPILER:.*/grainspin/nvcc-$(sha256sum "$grainspin_scripts/python/nvcc.txt" | cut -c1-12)-" "$cache"; then
    fresh=(--fresh)
  fi
  [[ -z $grainspin_torch_dir ]] || set -- "$@" -D "GRAINSPIN_TORCH_DIR=$grainspin_torch_dir"
  cmake "${fresh[@]}" --preset "$preset" "$@"
}

bootstrap() {
  local option torch=auto nvcc=yes tests=yes packages=yes site=
  for option in "$@"; do
    case $option in
      --cpu) torch=cpu ;;
      --cuda) torch=cuda ;;
      --no-torch) torch=no ;;
      --no-nvcc) nvcc=no ;;
      --no-tests) tests=no ;;
      --no-packages) packages=no ;;
      *) fail "unknown option $option" ;;
    esac
  done
  if [[ $packages == yes ]]; then install_packages; fi
  if [[ $torch == auto ]]; then
    grainspin_torch_dir=$(given_torch)
    if [[ -n $grainspin_torch_dir ]]; then torch=given; elif has_gpu; then torch=cuda; else torch=cpu; fi
  fi
  case $torch in
    cpu) site=$(pinned torch-cpu --no-deps) ;;
    cuda) site=$(pinned torch-cuda) ;;
  esac
  [[ -z $site ]] || grainspin_torch_dir=$site/torch
  if [[ $nvcc == yes ]] && ! has_nvcc; then pinned nvcc --no-deps >/dev/null; fi
  if [[ $tests == yes ]]; then pinned tests --no-deps >/dev/null; fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then  # run by itself
  set -euo pipefail
  bootstrap "$@"
fi
