#!/usr/bin/env bash
# From a fresh clone to a judged prediction: sets the machine up, builds the program, trains a small nonlocal
# surrogate on the copper runs of datasets/cu_uniaxial, predicts a polycrystal that it never saw, and judges it beside the
# two shipped models.
#
#   ./quickstart.sh [--cpu|--cuda] [--no-packages] [--minutes M] [--output FOLDER]
#
# --cpu, --cuda: LibTorch without or with its CUDA part; else as the machine has a GPU.
# --minutes: training time (2). --output: where results go (out/quickstart).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/bootstrap.sh

minutes=2
out=out/quickstart
setup=(--no-tests)
while (($#)); do
  case $1 in
    --cpu | --cuda | --no-packages) setup+=("$1") ;;
    --minutes) minutes=${2:?--minutes wants a number}; shift ;;
    --output) out=${2:?--output wants a folder}; shift ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
  esac
  shift
done

title() { printf '\n== %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; "$@"; }

title "What this machine lacks"
bootstrap "${setup[@]}"
began=$SECONDS

title "Build"
mkdir -p build "$out"
configure cuda build >build/configure.log || { cat build/configure.log; exit 1; }
cmake --build --preset cuda --target program --parallel "$(nproc)"
PATH=$PWD/build/bin:$PATH
show grainspin --version

data=datasets/cu_uniaxial
unseen=$data/validation/cu_uniaxial_12.h5
shipped=networks/pretrained/cu_uniaxial.safetensors
local=networks/pretrained/cu_uniaxial_local.safetensors

title "An archive: a polycrystal of copper, strained by 13 % in steps of 1 %"
show grainspin inspect "$unseen"

title "Train a small nonlocal surrogate for about $minutes minutes on $(nproc) cores"
rm -f "$out"/small.*
# LibTorch's threads wait for each other in a loop, by default so long that one other busy program makes training a hundred times as slow.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-10000}
show grainspin train --family nonlocal $data/train/*.h5 $data/textures/*.h5 -o "$out/small.safetensors" \
  --minutes "$minutes" --passes 4 --channels 8

title "Predict the unseen polycrystal from its initial state alone"
show grainspin predict "$out/small.safetensors" "$unseen" -o "$out/predicted_small.h5"
show grainspin predict "$shipped" "$unseen" -o "$out/predicted_shipped.h5" --curve "$out/curve_shipped.csv"
show grainspin predict "$local" "$unseen" -o "$out/predicted_local.h5"

title "The small surrogate, judged against what DAMASK computed"
show grainspin evaluate "$out/small.safetensors" "$unseen" --json "$out/scores_small.json" -o "$out/small.html"

title "The shipped model, judged the same way"
show grainspin evaluate "$shipped" "$unseen" --json "$out/scores_shipped.json" -o "$out/shipped.html"

title "The shipped local model (a 3x3x3 cube of neighbours), judged the same way"
show grainspin evaluate "$local" "$unseen" --json "$out/scores_local.json" -o "$out/local.html"

title "Done in $(((SECONDS - began + 59) / 60)) minutes after the set-up"
cat <<TEXT
pages           $PWD/$out/small.html  shipped.html  local.html
scores          $PWD/$out/scores_small.json  scores_shipped.json  scores_local.json
predictions     $PWD/$out/predicted_small.h5  predicted_shipped.h5  predicted_local.h5 (ParaView opens them)
small model     $PWD/$out/small.safetensors, its log and loss curve beside it
shipped models  $PWD/$shipped  $PWD/$local
the program     $PWD/build/bin/grainspin --help
TEXT
