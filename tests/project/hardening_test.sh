#!/usr/bin/env bash
# hardening_test.sh PROGRAM...: the release build's protections, read from the binaries.
set -euo pipefail

failed=0
# expect PROGRAM WHAT PATTERN TEXT
expect() {
  grep -qE "$3" <<<"$4" && return
  echo "$1: no $2"
  failed=1
}

for program in "$@"; do
  header=$(readelf -hW "$program")
  segments=$(readelf -lW "$program")
  dynamic=$(readelf -dW "$program")
  symbols=$(readelf --dyn-syms -W "$program")
  expect "$program" "position-independent executable" 'Type: +DYN' "$header"
  expect "$program" "read-only relocations" GNU_RELRO "$segments"
  expect "$program" "immediate binding" 'BIND_NOW|FLAGS_1.*NOW' "$dynamic"
  expect "$program" "stack protector" __stack_chk_fail "$symbols"
  expect "$program" "fortified libc call" '_chk(@|$)' "$symbols"
  if [[ $(uname -m) == x86_64 ]]; then
    # The linker drops the note of it when one of the distribution's objects lacks it.
    expect "$program" "control-flow protection" endbr64 "$(objdump -d --section=.text "$program" | head -n 5000)"
  fi
  if grep -E 'GNU_STACK.*RWE' <<<"$segments"; then
    echo "$program: its stack is executable"
    failed=1
  fi
  if grep -E 'RPATH|RUNPATH' <<<"$dynamic"; then
    echo "$program: it has a run path"
    failed=1
  fi
done
exit "$failed"
