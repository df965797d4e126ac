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
settings=(--data "$work/data" --layers 2 --hidden 64 --batch 16 --sequence-length 64 --micro-batch 8
  --learning-rate 1e-3 --evaluate-every 50 --checkpoint-every 7 --checkpoint-at 0.25 0.5 --threads 2)

milliseconds_of() {
  local start
  start=$(date +%s%N)
  "$@" > /dev/null 2> "$work/err" || { cat "$work/err" >&2; exit 1; }
  echo $((($(date +%s%N) - start) / 1000000))
}

# What a start takes and what steps take, so that there are enough steps for every kill to fall into them.
start_ms=$(milliseconds_of "$espalier" pretrain "${settings[@]}" --steps 1 --out "$work/start")
probe_ms=$(milliseconds_of "$espalier" pretrain "${settings[@]}" --steps 201 --out "$work/probe")
steps_ms=$((probe_ms > start_ms + 20 ? probe_ms - start_ms : 20))
steps=$(((kills * 700 * 200 / steps_ms + 400) / 4 * 4))
span_ms=$((steps * steps_ms / 200))
settings+=(--steps "$steps")
whole_ms=$(milliseconds_of "$espalier" pretrain "${settings[@]}" --out "$work/whole")
echo "a start takes $start_ms ms, $steps steps never killed $whole_ms ms"

begin_or_resume() {
  if [ -f "$work/killed/run.json" ]; then
    exec "$espalier" pretrain --resume "$work/killed"
  else
    exec "$espalier" pretrain "${settings[@]}" --out "$work/killed"
  fi
}

newest() {
  # A kill may fall before there is a folder.
  { find "$work/killed/checkpoints" -maxdepth 1 -regex '.*/step-[0-9]+' 2> /dev/null || true; } | sed 's/.*step-//' | sort -n | tail -1
}

compare() {
  for file in model/model.safetensors "checkpoints/step-$steps/model.safetensors" "checkpoints/step-$steps/optimizer.safetensors" \
    fractions/0.25/model.safetensors fractions/0.5/model.safetensors; do
    cmp "$work/whole/$file" "$work/killed/$file"
  done
  if [ -n "$(find "$work/killed" -name '*.tmp')" ]; then
    echo "unfinished files remain"
    exit 1
  fi
}

alive() {
  kill -0 "$pid" 2> /dev/null
}

pause() {
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# One life in four ends at a random instant of its start; the others once they have saved something new, so that every one gets
# somewhat further, and after a random time: two of them then and there, the third as soon as a checkpoint is half written.
wait_for_the_end() {
  local before kind=$((RANDOM % 4))
  before=$(newest)
  if [ "$kind" -eq 0 ]; then
    pause $((RANDOM % (start_ms + 1)))
    return
  fi
  while alive && [ "$(newest)" = "$before" ]; do
    sleep 0.02
  done
  pause $(((RANDOM * 3 + RANDOM % 3) % (span_ms * 3 / 2 / kills + 1)))
  while [ "$kind" -eq 1 ] && alive && ! compgen -G "$work/killed/checkpoints/*.tmp" > /dev/null; do
    :
  done
}

# Only a kill before the last step counts; a run that ends before all kills are done is compared, and another begins.
counted=0
torn_lives=0
while [ "$counted" -lt "$kills" ]; do
  begin_or_resume > "$work/out" 2>&1 &
  pid=$!
  wait_for_the_end
  kill -9 "$pid" 2> /dev/null || true
  code=0
  wait "$pid" 2> /dev/null || code=$?
  if [ "$code" -ne 0 ] && [ "$code" -ne 137 ]; then
    echo "a resumed run failed with code $code:"
    cat "$work/out"
    exit 1
  fi
  at=$(newest)
  torn=$({ find "$work/killed" -name '*.tmp' 2> /dev/null || true; } | wc -l)
  if [ "$code" -eq 0 ]; then
    compare
    rm -rf "$work/killed"
    echo "one run ended before all kills were done and is the same; another begins"
  elif [ "${at:-0}" -lt "$steps" ]; then
    counted=$((counted + 1))
    [ "$torn" -eq 0 ] || torn_lives=$((torn_lives + 1))
    echo "kill $counted: newest checkpoint ${at:-none}, $torn unfinished"
  fi
done
begin_or_resume > "$work/out" 2>&1 &
wait $! || { cat "$work/out"; exit 1; }
compare
if [ "$torn_lives" -eq 0 ]; then
  echo "no kill fell into a checkpoint, so nothing is shown of those; take more kills"
  exit 1
fi
echo "killed $counted times before the end, $torn_lives times within a checkpoint: weights and moments are the same, bit by bit"
