# Sourced by quickstart and tests/run: Debian packages from a list.
# shellcheck shell=bash

# missing_packages FILE...: prints those of the packages listed, one a line, that are not installed.
missing_packages() {
  local package
  sed 's/#.*//' "$@" | sort -u | while read -r package; do
    [[ -z $package ||
      $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      echo "$package"
  done
}

# may_install: asks for sudo's password now, in sight, where installing will need it.
may_install() {
  command -v apt-get >/dev/null || return 1
  ((EUID == 0)) || { command -v sudo >/dev/null && sudo --validate; }
}

# install_packages PACKAGE...
install_packages() {
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" apt-get update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "$@"
}
