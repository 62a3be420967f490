"""Parses a page that the program wrote, as a strict reader of HTML: python3 read_page.py PAGE [PLAN WORDS].

It fails on a tag that is not closed, on anything that could run or load something, and on a style that the page's own
policy does not allow. With a plan and the word list it also computes the plan's words and the words of the script.
It prints the result as JSON."""

import base64
import hashlib
import html.parser
import json
import re
import sys

EMPTY = {"meta", "rect", "path", "circle"}
KNOWN = EMPTY | set("html head title style body main section div span p h1 h2 h3 ul ol li blockquote table caption thead "
                    "tbody tr th td svg text".split())
ATTRIBUTES = set("class lang charset name content http-equiv x y cx cy r rx width height viewbox d fill stroke stroke-width "
                 "font-size role shape-rendering".split())


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.policy = None
        self.style = ""
        self.texts = []
        self.classes = {}

    def handle_starttag(self, tag, attributes):
        assert tag in KNOWN, tag
        for name, value in attributes:
            assert name in ATTRIBUTES, (tag, name, value)
            assert "url(" not in (value or ""), value
        found = dict(attributes)
        assert found.get("http-equiv") in (None, "Content-Security-Policy"), attributes
        if "http-equiv" in found:
            self.policy = found["content"]
        if tag not in EMPTY:
            self.open.append((tag, found.get("class")))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, (tag, self.open, self.getpos())
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "style":
            self.style += data
        elif data.strip():
            self.texts.append(data.strip())
            name = self.open[-1][1]
            if name:
                self.classes.setdefault(name, []).append(data.strip())

    def handle_comment(self, data):
        raise AssertionError(data)


def words_of(octets, pairs):
    return " ".join(pairs[octet][place % 2] for place, octet in enumerate(octets))


def main():
    raw = open(sys.argv[1], "rb").read()
    page = Page()
    page.feed(raw.decode("utf-8"))
    page.close()
    assert not page.open, page.open
    style = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    wanted = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    assert page.policy == wanted, page.policy
    assert not re.search(r"url\(|@import|expression|behavior", page.style)
    text = " ".join(page.texts)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f]", text)
    found = {"texts": page.texts, "classes": page.classes, "style": page.style}
    if len(sys.argv) > 2:
        plan = hashlib.sha256(open(sys.argv[2], "rb").read())
        pairs = [line.split() for line in open(sys.argv[3])]
        found["plan_words"] = words_of(plan.digest()[:24], pairs)
        steps = [step["id"] for step in json.load(open(sys.argv[2]))["steps"]]
        script = {}
        for step in ["opening", *steps, "closing"]:
            label = f"hsm-ca ceremony words 1\n{plan.hexdigest()}\n{step}\n"
            script[step] = words_of(hashlib.sha256(label.encode()).digest()[:4], pairs)
        found["script_words"] = script
    json.dump(found, sys.stdout)


main()
