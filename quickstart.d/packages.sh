# Functions that install Debian packages from a list. quickstart and tests/run source this file.
# shellcheck shell=bash

# missing_packages FILE...: prints the packages that the files list, one per line, and that are not
# installed.
missing_packages() {
  local package
  sed 's/#.*//' "$@" | sort -u | while read -r package; do
    [[ -z $package ||
      $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      echo "$package"
  done
}

# may_install: asks for sudo's password now, while the user watches, if the installation will need
# it.
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
