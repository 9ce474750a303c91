#!/bin/sh
# Runs every fuzz target, and hostile clients of a server, for SECONDS (default 120) each; targets start from their corpus: new inputs go to build/fuzz/corpus, so that
# the committed corpus changes only by hand. A finding ends with a non-zero status and leaves its input in build/fuzz.
set -eu
seconds=${1:-120}
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
cmake --preset fuzz > /dev/null
targets=$(cd tests/fuzz && ls ./*_fuzz.cc | sed 's|^\./||; s|\.cc$||')
for target in $targets; do cmake --build build/fuzz --target "$target"; done
for target in $targets; do
  corpus=$root/tests/fuzz/corpus/${target%_fuzz}
  work=build/fuzz/corpus/$target
  mkdir -p "$work"
  echo "== $target, $seconds s"
  # A stream that expands is bounded by the limits the target sets, so 2 GB is a finding.
  UBSAN_OPTIONS=print_stacktrace=1 build/fuzz/bin/"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix=build/fuzz/ -print_final_stats=1 "$work" "$corpus" 2> "$work.log" || { tail -n 60 "$work.log"; exit 1; }
  grep -E 'number_of_executed_units|average_exec_per_sec|new_units_added' "$work.log"
done

# The calls of a running server: its own test of hostile clients, for as long, with AddressSanitizer and UndefinedBehaviorSanitizer.
echo "== hostile clients, $seconds s"
cmake --preset asan > /dev/null
cmake --build build/asan --target serve_test
LSAN_OPTIONS=suppressions=$root/tests/sanitizers/lsan.supp:print_suppressions=0 TUCKERSEG_FUZZ_SECONDS=$seconds build/asan/bin/serve_test --gtest_filter='HostileClients.*'
