#!/usr/bin/env bash
# Kills `espalier pretrain` (kill -9) at random instants, resumes it each time, and compares the final weights and moments
# with those of a run that was never killed: they must be the same, bit by bit. Needs the .NET SDK only.
#
#   tests/kill-resume.sh [kills] [seed]      20 kills unless told otherwise; the seed of the instants is printed
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-20}
RANDOM=${2:-$$}
echo "kills: $kills, seed: ${2:-$$}"

dotnet build src/Espalier.Cli --configuration Release --nologo --verbosity quiet
espalier=src/Espalier.Cli/bin/Release/net10.0/espalier
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$espalier" data sample --out "$work/sample" --documents 2000 --pairs 10 2> /dev/null > /dev/null
"$espalier" tokenizer train "$work/sample/corpus.txt" --vocab 600 --out "$work/tokenizer" 2> /dev/null > /dev/null
"$espalier" data prepare "$work/sample/corpus.txt" --tokenizer "$work/tokenizer" --out "$work/data" --held-out 0.05 2> /dev/null > /dev/null

# A checkpoint every few steps, so that many a kill falls into one. Threads and micro-batch are fixed: they decide the bits.
settings=(--data "$work/data" --layers 2 --hidden 64 --batch 16 --sequence-length 64 --micro-batch 8 --steps 400
  --learning-rate 1e-3 --evaluate-every 50 --checkpoint-every 7 --checkpoint-at 0.25 0.5 --threads 2)

start=$(date +%s%N)
"$espalier" pretrain "${settings[@]}" --out "$work/whole" 2> /dev/null
milliseconds=$((($(date +%s%N) - start) / 1000000))
echo "never killed: $milliseconds ms"

begin_or_resume() {
  if [ -f "$work/killed/run.json" ]; then
    exec "$espalier" pretrain --resume "$work/killed"
  else
    exec "$espalier" pretrain "${settings[@]}" --out "$work/killed"
  fi
}

# Each life lasts up to a few times its share of the whole run, so that training gets on and all its parts are hit.
done_kills=0
while [ "$done_kills" -lt "$kills" ]; do
  begin_or_resume > "$work/out" 2>&1 &
  pid=$!
  wait_ms=$((300 + RANDOM % (1500 + 4 * milliseconds / kills)))
  sleep "$(printf '%d.%03d' $((wait_ms / 1000)) $((wait_ms % 1000)))"
  if kill -9 "$pid" 2> /dev/null; then
    done_kills=$((done_kills + 1))
  fi
  code=0
  wait "$pid" 2> /dev/null || code=$?
  if [ "$code" -ne 0 ] && [ "$code" -ne 137 ]; then
    echo "a resumed run failed with code $code:"
    cat "$work/out"
    exit 1
  fi
  mkdir -p "$work/killed/checkpoints"
  at=$(find "$work/killed/checkpoints" -maxdepth 1 -regex '.*/step-[0-9]+' | sed 's/.*step-//' | sort -n | tail -1)
  torn=$(find "$work/killed" -name '*.tmp' | wc -l)
  echo "life $done_kills: $wait_ms ms, newest checkpoint ${at:-none}, $torn unfinished"
done
begin_or_resume > "$work/out" 2>&1 || { cat "$work/out"; exit 1; } &
wait $!

for file in model/model.safetensors checkpoints/step-400/model.safetensors checkpoints/step-400/optimizer.safetensors \
  checkpoints/step-100/model.safetensors checkpoints/step-200/model.safetensors; do
  cmp "$work/whole/$file" "$work/killed/$file"
done
if [ -n "$(find "$work/killed" -name '*.tmp')" ]; then
  echo "unfinished files remain"
  exit 1
fi
echo "killed $done_kills times: weights and moments are the same, bit by bit"
