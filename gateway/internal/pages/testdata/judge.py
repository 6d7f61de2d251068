"""Reads pages as JSON and says what is wrong with them, a line each; nothing if all is well.

The rules are those an accessibility checker applies first (language, title, headings,
names of links and pictures, unique ids, landmarks), and ours: escaped, nothing active,
nothing from elsewhere, and everything a person has to be told.
"""
import html.parser
import json
import sys

VOID = {"meta", "img", "br", "link", "input"}
KNOWN = {"html", "head", "meta", "title", "style", "body", "header", "img", "span", "main", "h1", "h2", "h3", "p", "ol", "ul", "li",
         "a", "dl", "dt", "dd", "details", "summary"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.wrong, self.headings, self.links = [], [], [], []
        self.attributes, self.text, self.counts, self.title = {}, [], {}, ""

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in KNOWN:
            self.wrong.append(f"element {tag}")
        names = [n for n, _ in attrs]
        if len(set(names)) != len(names):
            self.wrong.append(f"an attribute of {tag} twice")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcset", "http-equiv", "target"):
                self.wrong.append(f"attribute {name}")
            if name in ("href", "src") and not (value.startswith(("/.onecert/", "/app?", "https://help.example.gov.cn/", "tel:", "mailto:", "data:image/png;base64,"))):
                self.wrong.append(f"{name} {value}")
            if name == "src" and not value.startswith("data:"):
                self.wrong.append(f"src {value}")
        if tag == "img" and "alt" not in names:
            self.wrong.append("a picture without alt")
        if tag == "a":
            self.links.append("")
        if tag in ("h1", "h2", "h3"):
            self.headings.append([tag, ""])
        self.attributes.setdefault(tag, dict(attrs))
        if tag in ("li",) and self.stack[-1] not in ("ol", "ul"):
            self.wrong.append("an item outside a list")
        if tag in ("ol", "ul", "dl", "h2", "h3", "details") and "p" in self.stack:
            self.wrong.append(f"{tag} inside a paragraph")
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID or not self.stack or self.stack[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self.stack[-1:]}")
        else:
            self.stack.pop()

    def handle_data(self, data):
        at = self.stack[-1] if self.stack else ""
        if at == "title":
            self.title += data
        if at == "a":
            self.links[-1] += data
        if at in ("h1", "h2", "h3"):
            self.headings[-1][1] += data
        if at not in ("style", "title"):
            self.text.append(data)


def judge(case):
    page = Page()
    page.feed(case["html"])
    page.close()
    wrong, text = page.wrong, " ".join(page.text)
    if page.stack:
        wrong.append(f"open: {page.stack}")
    if not case["html"].startswith("<!DOCTYPE html>"):
        wrong.append("no doctype")
    if page.attributes["html"].get("lang") != case["lang"]:
        wrong.append("the language of the page")
    if page.attributes["details"].get("lang") == case["lang"]:
        wrong.append("the other language is the same")
    if page.counts.get("h1") != 1 or page.counts.get("main") != 1 or page.counts.get("title") != 1:
        wrong.append(f"counts {page.counts}")
    if not page.title.startswith(case["title"]) or page.headings[0] != ["h1", case["title"]]:
        wrong.append(f"title {page.title}, heading {page.headings[0]}")
    level = 0
    for tag, words in page.headings:
        if int(tag[1]) > level + 1 or not words.strip():
            wrong.append(f"heading {tag} {words!r} after level {level}")
        level = int(tag[1])
    for words in page.links:
        if not words.strip():
            wrong.append("a link without words")
    if page.attributes["meta"].get("charset") != "utf-8" or "maximum-scale" in case["html"] or "user-scalable" in case["html"]:
        wrong.append("meta")
    needed = ["rq-42", "2026-11-23 16:00:00 (UTC+8)", "What to do", "怎么办", "档案 <系统>", "只许 <办公网>"]
    if case["name"].endswith("check"):
        needed = ["rq-42", "192.0.2.7", "TLSv1.3", "证书有效"]
    needed.append("C=CN, CN=<script>alert(1)</script>")
    if case["name"].startswith("branded"):
        needed += ["010-5555 0100", "help@example.gov.cn", "信息中心 <值班室>", "Information Centre & Desk", "示例市政务网关" if case["lang"] == "zh-CN" else "Example City Gateway"]
    for words in needed:
        if words not in text:
            wrong.append(f"does not say {words!r}")
    for bad in ("ZgotmplZ", "<no value>", "%!", "http://", "$head"):
        if bad in case["html"]:
            wrong.append(f"has {bad}")
    return wrong


for case in json.load(sys.stdin):
    for line in judge(case):
        print(f"{case['name']} ({case['lang']}): {line}")
