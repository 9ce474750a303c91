#!/bin/sh
# What the tests that failed last have said, without the servers' own log: once more at the end, where it is found. failed_tests.sh BUILD_DIRECTORY
set -eu
log="$1/Testing/Temporary/LastTest.log"
[ -f "$log" ] || exit 0
awk '
  / Testing: / { name = $0; sub(/.* Testing: /, "", name); count = 0 }
  /^[{]"time":/ { next }
  { lines[++count] = substr($0, 1, 400) }
  /^Test Failed[.]$/ {
    print "\n=== " name
    for (i = count > 60 ? count - 59 : 1; i <= count; ++i) print lines[i]
  }
' "$log"
