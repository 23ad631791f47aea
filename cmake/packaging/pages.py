#!/usr/bin/env python3
"""Copies the pages into the packages, with links that also work there.

pages.py SOURCE FOLDER PAGE...

Each PAGE, a path below SOURCE, gets the same path below FOLDER. A link to a file that is not a PAGE
is replaced by its text, because the packages do not contain the file.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")


def with_links_to(pages: set[str], page: str, text: str) -> str:
    def link(found: re.Match[str]) -> str:
        path = found[2].partition("#")[0]
        if "://" in path or not path:
            return found[0]
        target = os.path.normpath(Path(page).parent / path)
        return found[0] if target in pages else found[1]

    return LINK.sub(link, text)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pages", nargs="+")
    arguments = parser.parse_args()
    for page in arguments.pages:
        copy = arguments.folder / page
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = (arguments.source / page).read_text()
        copy.write_text(with_links_to(set(arguments.pages), page, text))


if __name__ == "__main__":
    main()
