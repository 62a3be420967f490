#!/usr/bin/env python3
"""Checks the links of a built site: each internal link must lead to a file, and each #anchor to an id in it.
Links to other hosts are only parsed, without network access.

usage: scripts/check-links.py DIR
Prints each broken link on a separate line, and exits with 1 if there is any.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and the ids of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get("id"):
            self.ids.add(values["id"])
        name = {"a": "href", "link": "href", "img": "src", "script": "src"}.get(tag)
        if name and values.get(name) is not None:
            self.links.append(values[name])


def problem_of(link, path, pages, root):
    """The fault of a link on the page at `path`, or None."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        sound = parts.scheme in ("http", "https") and "." in parts.netloc and not any(map(str.isspace, link))
        return None if sound or parts.scheme == "mailto" else "not a well-formed address"
    target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
    if not target.is_relative_to(root):
        return "leads out of the site"
    if not target.is_file():
        return "no such file"
    if parts.fragment and target.suffix == ".html":
        if unquote(parts.fragment) not in pages[target].ids:
            return "no such anchor"
    return None


def main(directory):
    root = Path(directory).resolve()
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    if not pages:
        print(f"check-links.py: {directory} has no page", file=sys.stderr)
        return 1
    # The 404 page is served at any address, so its links are relative to the root of the server.
    pages.pop(root / "404.html", None)
    count, broken = 0, 0
    for path, page in pages.items():
        for link in page.links:
            count += 1
            problem = problem_of(link, path, pages, root)
            if problem:
                broken += 1
                print(f"{path.relative_to(root)}: {link}: {problem}", file=sys.stderr)
    print(f"check-links.py: {len(pages)} pages, {count} links, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
