#!/bin/sh
# Puts a server with the demo model under load and leaves what was measured in build/load. Exit status 1 where a promise is broken (tests/load/README.md).
#   load.sh sweep   loads from 0.25 to 2 times the capacity, with auto and with every level alone, LOAD_SECONDS (120) each; a plot; unary calls
#   load.sh soak    SOAK_SECONDS (1800) at 1.5 times the capacity, between a sixth of that (five minutes) before and behind of the same load at original alone
#   load.sh cycles  the level CYCLES_LEVEL (elastic-0.33) loaded and unloaded 100 times, a request each time: its memory must come back within 3 %
set -eu
cd "$(dirname "$0")/.."
mode=${1:-}
case $mode in sweep | soak | cycles) ;; *) echo "error: $mode: must be sweep, soak or cycles" >&2; exit 2 ;; esac
bin=build/release/bin
work=build/load
mkdir -p "$work"

echo "== starting the server"
echo '{"drain_delay_s": 0}' > "$work/server.json"  # nobody else has to notice that it stops
$bin/tuckerseg-server --config "$work/server.json" --models models --listen 127.0.0.1:0 --metrics 127.0.0.1:0 > "$work/server.log" 2> "$work/server.err" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tries=0
until grep -q '"event":"serving"' "$work/server.log"; do
  tries=$((tries + 1))
  if [ $tries -gt 240 ] || ! kill -0 $server 2>/dev/null; then cat "$work/server.err" >&2; exit 1; fi
  sleep 0.5
done
# A number of the line that says which ports were taken.
number() { sed -n "/\"event\":\"serving\"/s/.*[,{]\"$1\":\([0-9]*\).*/\1/p" "$work/server.log"; }
address=127.0.0.1:$(number port)
metrics=127.0.0.1:$(number metrics_port)

# The plot of a sweep.
draw() {
  if ! command -v gnuplot > /dev/null; then
    echo "no plot: gnuplot is missing (Debian's package gnuplot-nox)"
    return 0
  fi
  levels=$(tail -n +2 "$work/sweep.csv" | cut -d, -f1 | uniq | tr '\n' ' ')
  gnuplot -e "csv='$work/sweep.csv'; out='$work/load.svg'; levels='$levels'" tests/load/load.gp
  echo "plot: $work/load.svg"
}

# Calls that take no volume, by ghz. Fails if one of them does.
unary_calls() {
  ghz=build/tools/bin/ghz
  [ -x "$ghz" ] || ghz=$(command -v ghz || true)
  if [ -z "$ghz" ]; then
    echo "no unary calls: ghz is missing"
    return 0
  fi
  for call in ModelService.ListModels ModelService.ListVariants ServerService.GetServerInfo; do
    case $call in ServerService.*) proto=server_info.proto ;; *) proto=model.proto ;; esac
    result=$work/ghz-${call#*.}.json
    "$ghz" --insecure -i proto --proto "proto/tuckerseg/v1/$proto" --call "tuckerseg.v1.$call" -d '{}' -n 2000 -c 8 -O pretty -o "$result" "$address"
    if ! grep -Eq '"OK": *2000' "$result"; then
      echo "error: $call: not all of 2000 calls were answered: $result must say so" >&2
      return 1
    fi
    echo "2000 calls of $call: $result"
  done
}

status=0
case $mode in
sweep)
  $bin/tuckerseg-load sweep --workload tests/load/workloads/sweep.json --seconds "${LOAD_SECONDS:-120}" --server "$address" --metrics "$metrics" \
    -o "$work/sweep.json" --csv "$work/sweep.csv" || status=1
  [ ! -f "$work/sweep.csv" ] || draw
  unary_calls || status=1
  ;;
soak)
  seconds=${SOAK_SECONDS:-1800}
  $bin/tuckerseg-load run --workload tests/load/workloads/soak.json --seconds "$seconds" --original-seconds $((seconds / 3)) --server "$address" --metrics "$metrics" \
    -o "$work/soak.json" --requests "$work/soak.csv" || status=1
  ;;
cycles)
  $bin/tuckerseg-load cycles --workload tests/load/workloads/soak.json --level "${CYCLES_LEVEL:-elastic-0.33}" --server "$address" --metrics "$metrics" -o "$work/cycles.json" || status=1
  ;;
esac

# It must stop as one that is asked to.
trap - EXIT
kill $server 2>/dev/null || true
wait $server || { echo "error: server: ended with status $?: must be 0 ($work/server.err)" >&2; status=1; }
exit $status
