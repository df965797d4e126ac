#!/usr/bin/env bash
# Takes `espalier run` on the sample through every phase and does it harm there: kill -9, Ctrl-C, a full disk. After each it is resumed;
# at the end the package must predict, the report be whole, nothing half-written remain, and every exit code be what is promised. One
# job for each kind of fault, hit once in each phase. Needs the .NET SDK; the disk is a small tmpfs where one may be mounted, else the
# process is forbidden to write (prlimit).
#
#   tests/job-faults.sh [seconds] [kill|int|disk ...]      45 seconds for each job and all kinds unless told otherwise
set -euo pipefail
# With job control, so that a background process hears SIGINT.
set -m
cd "$(dirname "$0")/.."
seconds=${1:-45}
shift || true
kinds=("${@:-kill int disk}")
read -r -a kinds <<< "${kinds[*]}"
espalier=$PWD/src/Espalier.Cli/bin/Release/net10.0/espalier

if [ -z "${ESPALIER_FAULTS_WORK:-}" ]; then
  dotnet build src/Espalier.Cli --configuration Release --nologo --verbosity quiet
  ESPALIER_FAULTS_WORK=$(mktemp -d)
  export ESPALIER_FAULTS_WORK
  trap 'rm -rf "$ESPALIER_FAULTS_WORK"' EXIT
  if unshare --map-root-user --mount mount -t tmpfs none "$ESPALIER_FAULTS_WORK" 2> /dev/null; then
    unshare --map-root-user --mount "tests/$(basename "$0")" "$seconds" "${kinds[@]}"
  else
    echo "no tmpfs may be mounted here: a full disk is played by forbidding the process to write"
    ESPALIER_FAULTS_MOUNT=no "tests/$(basename "$0")" "$seconds" "${kinds[@]}"
  fi
  exit
fi

work=$ESPALIER_FAULTS_WORK
mounted=no
if [ "${ESPALIER_FAULTS_MOUNT:-yes}" = yes ]; then
  mount -t tmpfs -o size=256m none "$work"
  mounted=yes
fi
phases=(prepare plan pretrain finetune compress choose package report)

# The state of a phase in job.json.
state_of() {
  awk -v name="\"$1\"," '$1 == "\"name\":" { found = $2 == name } found && $1 == "\"state\":" { gsub(/[",]/, "", $2); print tolower($2); exit }' "$job/job.json" 2> /dev/null || true
}

begin_or_resume() {
  # Who is forbidden to write is told by a signal too, which would end the process before it can say so.
  trap '' XFSZ
  if [ -f "$job/job.json" ]; then
    exec "$espalier" run --resume "$job"
  else
    exec "$espalier" run --time "${seconds}s" --max-size 1MB --out "$job"
  fi
}

fail() {
  echo "$kind, $phase: $1"
  sed 's/^/  /' "$out"
  exit 1
}

# Short phases are over before one sees them: what is hit then is the one after, or the end.
hit() {
  case $kind in
    kill) kill -9 "$pid" ;;
    int) kill -INT "$pid" ;;
    disk)
      if [ "$mounted" = yes ]; then
        dd if=/dev/zero of="$work/ballast" bs=1M status=none 2> /dev/null || true
        dd if=/dev/zero of="$work/ballast" bs=1k status=none oflag=append conv=notrunc 2> /dev/null || true
      else
        prlimit --pid "$pid" --fsize=0:
      fi
      ;;
  esac 2> /dev/null || true
}

for kind in "${kinds[@]}"; do
  job=$work/$kind
  out=$work/$kind.out
  case $kind in kill) expected=137 ;; int) expected=130 ;; disk) expected=1 ;; *) echo "unknown fault: $kind"; exit 2 ;; esac
  for phase in "${phases[@]}"; do
    begin_or_resume > "$out" 2>&1 &
    pid=$!
    # A phase that was hit before is under way in job.json from the start: the process is, once it has said something.
    while kill -0 "$pid" 2> /dev/null && { state=$(state_of "$phase"); [ ! -s "$out" ] || { [ "$state" != running ] && [ "$state" != done ]; }; }; do
      sleep 0.01
    done
    # Somewhere in it, and not always where it begins.
    [ "$(state_of "$phase")" = done ] || sleep "0.$((RANDOM % 8))"
    hit
    code=0
    wait -f "$pid" 2> /dev/null || code=$?
    rm -f "$work/ballast"
    at=$(for p in "${phases[@]}"; do [ "$(state_of "$p")" != done ] && echo "$p" && break; done || true)
    if [ "$code" -eq 0 ]; then
      echo "$kind, $phase: the job had ended before it was hit"
    elif [ "$code" -ne "$expected" ]; then
      fail "exit code $code; expected $expected"
    elif [ "$kind" != kill ] && ! grep -q "go on with: espalier run --resume" "$out"; then
      fail "it does not say how to go on"
    else
      echo "$kind, $phase: exit code $code, to go on in ${at:-the end}"
    fi
  done
  phase=end
  # With job control a process that somebody stops for a while would count as ended.
  set +m
  "$espalier" run --resume "$job" > "$out" 2>&1 || fail "the job does not end well"
  grep -q '"state": "Finished"' "$job/report.json" || fail "the report is of no finished job"
  grep -q "</html>" "$job/report.html" || fail "the page is cut short"
  [ -z "$(find "$job" -name '*.tmp*' -o -name '*.next' -o -name '*.former')" ] || fail "unfinished files remain"
  [ "$(ls "$job/package")" = "$(printf 'README.md\nconfig.json\nmodel.safetensors\ntokenizer.json')" ] || fail "the package is not whole"
  [ "$(stat -c %s "$job/package/"* | paste -sd+ | bc)" -le 1000000 ] || fail "the package is larger than it may be"
  tail -n 200 "$job/sample/acceptability.test.tsv" | cut -f 1 | "$espalier" predict --model "$job/package" > "$work/labels" 2> "$out" || fail "the package does not predict"
  [ "$(grep -c acceptable "$work/labels")" -eq 200 ] || fail "a text has no label"
  spent=$(awk '$1 == "\"spentSeconds\":" { print int($2) }' "$job/job.json")
  echo "$kind: the package predicts, the report is whole; $spent s of $seconds s were spent over all lives"
  rm -rf "$job"
  set -m
done
