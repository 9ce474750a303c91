#!/bin/sh
# hardened_server.sh PROGRAM: whether it was built hardened. 0: yes, 1: no, and what is missing; 77: this machine has no readelf.
set -eu
program=$1
if ! command -v readelf > /dev/null; then
  echo "skipped: readelf is missing (package binutils)"
  exit 77
fi
missing=0
# expect WHAT PATTERN READELF-OPTION: some line of readelf's answer must match.
expect() {
  if ! LC_ALL=C readelf -W "$3" "$program" | grep -Eq "$2"; then
    echo "missing: $1"
    missing=1
  fi
}
expect "position-independent executable" 'Type: +DYN' -h
expect "read-only relocations" 'GNU_RELRO' -l
expect "all symbols bound at the start" '\((FLAGS|FLAGS_1)\).*NOW' -d
expect "stack that cannot be run" 'GNU_STACK .* RW +0x' -l
expect "stack protector" '__stack_chk_fail' --dyn-syms
expect "fortified functions" '__[a-z]+_chk(@|$)' --dyn-syms
exit $missing
