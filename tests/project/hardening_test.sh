#!/usr/bin/env bash
# Checks that the release binaries have the required hardening.
#   hardening_test.sh LIBRARY.a... PROGRAM...
# Control-flow protection is checked in the objects of the libraries, because the linker drops the mark if
# one of the system's own start-up objects lacks it.
set -euo pipefail
export LC_ALL=C

failed=0
# expect WHAT FILE COMMAND...: the command must succeed.
expect() {
  "${@:3}" && return
  echo "$2: no $1" >&2
  failed=1
}

# has TEXT PATTERN: succeeds if a line of the text matches.
# shellcheck disable=SC2317  # called by expect
has() { grep -qE -- "$2" <<<"$1"; }

libraries=() binaries=()
for file in "$@"; do
  if [[ $file == *.a ]]; then libraries+=("$file"); else binaries+=("$file"); fi
done
((${#libraries[@]} > 0 && ${#binaries[@]} > 0)) || { echo "no libraries or no programs" >&2 && exit 1; }
for binary in "${binaries[@]}"; do
  header=$(readelf --wide --file-header "$binary")
  segments=$(readelf --wide --program-headers "$binary")
  dynamic=$(readelf --wide --dynamic "$binary")
  symbols=$(readelf --wide --dyn-syms "$binary")
  expect "position independence" "$binary" has "$header" 'Type: +DYN .*Position-Independent'
  expect "RELRO" "$binary" has "$segments" ' GNU_RELRO '
  expect "immediate binding" "$binary" has "$dynamic" 'FLAGS.* (BIND_)?NOW'
  expect "search path of its own" "$binary" \
    test "$(sed -nE 's/.*\((RPATH|RUNPATH)\).*\[(.*)\]/\2/p' <<<"$dynamic")" = "\$ORIGIN/../lib/steamflow"
  expect "stack without code" "$binary" has "$segments" ' GNU_STACK .* RW +0x'
  expect "stack protector" "$binary" has "$symbols" ' __stack_chk_fail(@|$)'
  expect "checked function of _FORTIFY_SOURCE" "$binary" has "$symbols" ' __[a-z]+_chk(@|$)'
done

if [[ $(uname -m) == x86_64 ]]; then
  for library in "${libraries[@]}"; do
    objects=$(ar t "$library" | wc -l)
    marked=$(readelf --wide --notes "$library" | grep -cE 'x86 feature: .*IBT.*SHSTK' || true)
    expect "control-flow protection in all $objects objects" "$library" test "$marked" -ge "$objects"
  done
fi
exit "$failed"
