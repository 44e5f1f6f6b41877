#!/bin/bash
# Fuzzes every target with libFuzzer under AddressSanitizer and UndefinedBehaviorSanitizer, and reports what was reached.
#   fuzz/run.sh MINUTES [-j N] [TARGET...]     MINUTES per target, N targets at a time (default 1), all targets by default
# Exits 1 if anything was found; findings lie in build-fuzz/findings/TARGET/, the grown corpora in build-fuzz/corpus/TARGET/.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; }
minutes=${1-}; shift || usage
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || usage
jobs=1
if [[ ${1-} == -j ]]; then jobs=${2:?}; shift 2; fi

build=build-fuzz
cmake --preset fuzz > "/tmp/coaxd-fuzz-configure.$$" || { cat "/tmp/coaxd-fuzz-configure.$$"; exit 2; }
rm -f "/tmp/coaxd-fuzz-configure.$$"
cmake --build $build --target fuzz_targets
mkdir -p $build/results

export build
export seconds; seconds=$(awk -v m="$minutes" 'BEGIN { printf "%d", m * 60 }')
# The Message that a target keeps, and the servers' own tables, are not leaks; anything else that is lost is.
export ASAN_OPTIONS=abort_on_error=0:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1

# One target: fuzz, replay the corpus for its coverage, leave one line of results.
run_target() {
  IFS=$'\t' read -r name max_len seeds dictionaries covers <<< "$1"
  local work=$build/corpus/$name findings=$build/findings/$name log=$build/results/$name.log
  mkdir -p "$work" "$findings"
  local options=(-max_len="$max_len" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix="$findings/")
  if [[ $dictionaries != - ]]; then
    cat $dictionaries > "$build/results/$name.dict"
    options+=(-dict="$build/results/$name.dict")
  fi
  local failed=0
  LLVM_PROFILE_FILE=/dev/null "$build/bin/$name" "${options[@]}" -max_total_time="$seconds" "$work" $seeds \
    > "$log" 2>&1 || failed=1
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
  printf '%s\t%s\t%s\t%s\t%s\n' "$name" "${executions:-?}" "$corpus" "$coverage" "$found" > "$build/results/$name.tsv"
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

status=0
printf '%-28s %14s %8s %14s %9s\n' target executions corpus 'line coverage' findings
for name in $names; do
  if [[ ! -s $build/results/$name.tsv ]]; then
    printf '%-28s %s\n' "$name" 'did not finish'
    status=1
    continue
  fi
  IFS=$'\t' read -r _ executions corpus coverage found < "$build/results/$name.tsv"
  printf '%-28s %14s %8s %14s %9s\n' "$name" "$executions" "$corpus" "$coverage" "$found"
  ((found == 0)) || status=1
done
exit $status
