"""Tests the completions of build-package/ in the shells themselves."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-package"
SHARE = BUILD / "cmake/packaging/share"

# Prints what bash would offer for the given words. The last one is being typed.
BASH = """
source /usr/share/bash-completion/bash_completion
for each in "$SHARE"/bash-completion/completions/*; do source "$each"; done
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
$(complete -p "$1" | sed -E 's/.* -F ([^ ]+) .*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""

# Starts a zsh in a terminal of its own and presses Tab. The completions are printed between bytes
# of 1.
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($SHARE/zsh/vendor-completions \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell 'compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    local -a found
    builtin compadd -A found "$@"
    print -r -- $'"'\\1'"'${(pj:\1:)found}$'"'\\1'"'
  fi
  builtin compadd "$@"
}'
zpty -w shell "print READY''NOW"
zpty -r -m shell line '*READYNOW*'
zpty -w -n shell "$*"$'\t'
zpty -w -n shell $'\x15print DO""NE\n'
zpty -r -m shell line '*DONE*'
print -r -- "$line"
zpty -d shell
"""

WORDS = [
    (["steam-news", "--si"], {"--sink"}),
    (["steam-news", "--log-level", ""], {"debug", "info", "warning", "error"}),
    (["kafka-to-postgres", "--postgres-"], {"--postgres-url", "--postgres-conn-id"}),
    (["steamflow", "kafka-to-"], {"kafka-to-postgres", "kafka-to-elasticsearch"}),
    (["steamflow", "desc"], {"describe"}),
    (["steamflow", "steam-news", "--max-i"], {"--max-in-flight", "--max-items"}),
    (["steamflow", "steam-news", "--log-format", "j"], {"json"}),
]


def run(*command: str) -> str:
    environment = os.environ | {
        "SHARE": str(SHARE),
        "BIN": str(BUILD / "bin"),
        "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}",
        "XDG_DATA_DIRS": str(SHARE),
        "HOME": "/nonexistent",
    }
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("words", "offered"), WORDS)
def test_bash(words, offered):
    assert set(run("bash", "--norc", "-c", BASH, "bash", *words).split()) == offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["--log-format", "="], ["text", "json"]),  # bash takes = for a word
        (["--log-format", "=", "j"], ["json"]),
        (["--xcom-file", "one "], ["one file"]),
    ],
)
def test_bash_with_an_equals_sign_and_with_a_blank(words, offered, tmp_path, monkeypatch):
    (tmp_path / "one file").touch()
    monkeypatch.chdir(tmp_path)
    assert run("bash", "--norc", "-c", BASH, "bash", "steam-news", *words).splitlines() == offered


@pytest.mark.parametrize(("words", "offered"), WORDS)
def test_fish(words, offered):
    folder = SHARE / "fish/vendor_completions.d"
    lines = run(
        *("fish", "--no-config", "--command"),
        f"set fish_complete_path {folder}; complete -C '{' '.join(words)}'",
    ).splitlines()
    assert {line.split("\t")[0] for line in lines} == offered


@pytest.mark.parametrize(("words", "offered"), WORDS)
def test_zsh(words, offered):
    shown = run("zsh", "-f", "-c", ZSH, "zsh", *words)
    found = [set(each.split("\1")) for each in re.findall("\1([^\r\n]+)\1", shown)]
    assert offered in found, shown


def test_debian_zsh_looks_where_the_package_puts_them():
    (deb,) = BUILD.glob("steamflow_*.deb")
    (name,) = re.findall(
        r" \./(\S+/_steam-news)$", run("dpkg-deb", "--contents", str(deb)), re.MULTILINE
    )
    assert f"/{Path(name).parent}" in run("zsh", "-f", "-c", "print -l $fpath").splitlines()
