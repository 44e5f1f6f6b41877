#!/bin/bash
# Fuzzes every target with libFuzzer under AddressSanitizer and UndefinedBehaviorSanitizer, and reports what was reached.
#   fuzz/run.sh MINUTES [-j N] [--json FILE] [TARGET...]
# MINUTES of processor time for each target (a busy machine takes longer, it does not test less), N targets at a time,
# all targets if none is named. FILE gets the table as JSON. Exits 1 if anything was found; findings lie in
# build-fuzz/findings/TARGET/, the grown corpora in build-fuzz/corpus/TARGET/.
set -euo pipefail
usage() { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
minutes=${1-}; shift || usage
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || usage
jobs=1 json=
while [[ ${1-} == -* ]]; do
  case $1 in
    -j) jobs=${2:?}; shift 2 ;;
    --json) json=$(realpath -m "${2:?}"); shift 2 ;;
    *) usage ;;
  esac
done
cd "$(dirname "$(realpath "$0")")/.."

build=build-fuzz
cmake --preset fuzz > "/tmp/coaxd-fuzz-configure.$$" || { cat "/tmp/coaxd-fuzz-configure.$$"; exit 2; }
rm -f "/tmp/coaxd-fuzz-configure.$$"
targets=(fuzz_targets)
(($# == 0)) || targets=("$@" fuzz_dictionaries fuzz_docsis_dictionaries)
cmake --build $build --target "${targets[@]}"
mkdir -p $build/results

export build
export seconds; seconds=$(awk -v m="$minutes" 'BEGIN { printf "%d", m * 60 }')
# The Message that a target keeps, and the servers' own tables, are not leaks; anything else that is lost is.
# A small quarantine: inputs are short, and fresh pages are most of what a sequence of fuzz_decide would cost.
export ASAN_OPTIONS=abort_on_error=0:detect_stack_use_after_return=1:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1

# Waits for the process $1, or until it has used $2 seconds of processor time: SIGUSR1 ends libFuzzer with its statistics.
# Leaves the seconds used in $cpu.
limit_cpu() {
  local ticks per_second; per_second=$(getconf CLK_TCK)
  cpu=0
  while ticks=$(awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat" 2> /dev/null) && [[ -n $ticks ]]; do
    cpu=$((ticks / per_second))
    ((cpu < $2)) || kill -USR1 "$1" 2> /dev/null || true
    sleep 1
  done
}
export -f limit_cpu

# One target: fuzz, replay the corpus for its coverage, leave one line of results.
run_target() {
  IFS=$'\t' read -r name max_len seeds dictionaries covers <<< "$1"
  local work=$build/corpus/$name findings=$build/findings/$name log=$build/results/$name.log
  mkdir -p "$work" "$findings"
  # libFuzzer reckons with the wall clock: a minute, so that a busy machine is no finding.
  local options=(-max_len="$max_len" -timeout=60 -report_slow_units=60 -rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix="$findings/")
  if [[ $dictionaries != - ]]; then
    cat $dictionaries > "$build/results/$name.dict"
    options+=(-dict="$build/results/$name.dict")
  fi
  local failed=0 cpu=0
  LLVM_PROFILE_FILE=/dev/null "$build/bin/$name" "${options[@]}" "$work" $seeds > "$log" 2>&1 &
  limit_cpu $! "$seconds"
  wait $! || failed=1
  local executions; executions=$(awk '/number_of_executed_units/ { print $2 }' "$log")
  local corpus; corpus=$(find "$work" -type f | wc -l)
  local found; found=$(find "$findings" -type f | wc -l)
  ((found > 0)) || found=$failed

  local coverage=-
  if [[ $covers != - ]]; then
    LLVM_PROFILE_FILE=$build/results/$name.profraw "$build/bin/$name" -runs=0 -max_len="$max_len" "$work" $seeds \
      >> "$log" 2>&1 || found=$((found > 0 ? found : 1))
    llvm-profdata-19 merge -sparse "$build/results/$name.profraw" -o "$build/results/$name.profdata" &&
      coverage=$(llvm-cov-19 report "$build/bin/$name" -instr-profile="$build/results/$name.profdata" $covers |
        awk '/^TOTAL/ { print $10 }')
  fi
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "${executions:-0}" "$cpu" "$corpus" "$coverage" "$found" \
    > "$build/results/$name.tsv"
  ((found == 0)) || { echo "== $name: finding, the end of $log:"; tail -n 30 "$log"; }
}
export -f run_target

list=$build/fuzz/targets.tsv
if (($# > 0)); then
  for target in "$@"; do
    grep -q -P "^$target\t" $list || { echo "no target $target in $list"; exit 2; }
  done
  selected=$(grep -P "^($(IFS='|'; echo "$*"))\t" $list)
else
  selected=$(cat $list)
fi
names=$(cut -f1 <<< "$selected")
for name in $names; do rm -f "$build/results/$name.tsv"; done

xargs -d '\n' -P "$jobs" -I{} bash -c 'run_target "$1"' _ {} <<< "$selected" || true

status=0 objects=()
row='%-22s %12s %8s %9s %8s %14s %9s\n'
printf "$row" target executions cpu/s per/s corpus 'line coverage' findings
for name in $names; do
  if [[ ! -s $build/results/$name.tsv ]]; then
    printf '%-22s %s\n' "$name" 'did not finish'
    status=1
    continue
  fi
  IFS=$'\t' read -r _ executions cpu corpus coverage found < "$build/results/$name.tsv"
  printf "$row" "$name" "$executions" "$cpu" $((executions / (cpu > 0 ? cpu : 1))) "$corpus" "$coverage" "$found"
  objects+=("{\"target\": \"$name\", \"executions\": $executions, \"cpu_seconds\": $cpu, \"corpus\": $corpus,\
 \"line_coverage\": \"$coverage\", \"findings\": $found}")
  ((found == 0)) || status=1
done
if [[ -n $json ]]; then
  (IFS=$'\n'; sed -e '1s/^/[/' -e '$!s/$/,/' -e '$s/$/]/' <<< "${objects[*]-}") > "$json"
fi
exit $status
