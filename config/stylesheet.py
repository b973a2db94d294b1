"""The part of the design system's stylesheets that our pages use.

A rule stays if every class and id of one of its selectors is a word of our templates, Python or scripts. It does not
matter where the word stands, so rather too much stays than too little. Every look at a page in `tests/e2e` checks that
it carries no class whose rules were left out.

The system's rules for the dark theme apply by choice (`<html data-theme="dark">`) and, without a choice, by the
preference of the reader's system. The system's own attribute is not used, because its script changes that one by itself
and stores it. What is printed is always light.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import tinycss2
from tinycss2 import ast

NAMESPACE = "fr-"
"""What every class of the design system begins with."""

WORD = re.compile(r"-{0,2}[A-Za-z_][\w-]*")
# `{{ … }}` of templates, `${…}` of scripts, `{…}` of Python: a part that is known only when the page is made.
COMPOSED = re.compile(NAMESPACE + r"[\w-]*(?:(?:\{\{[^{}]*\}\}|\$?\{[^{}%]*\})[\w-]*)+")
HOLE = re.compile(r"\{\{[^{}]*\}\}|\$?\{[^{}%]*\}")
# The end follows after a `{% if %}`, a `+` or a `%s`.
CUT_OFF = re.compile(rf"\b{NAMESPACE}(?:[\w-]*[\w])?--?(?![\w-])")
ANY = r"[\w-]+"
DARK = re.compile(r"(?::root)?\[data-fr-theme=dark\]")
DARK_BY = (
    ("@media screen", ":root[data-theme=dark]"),
    ("@media screen and (prefers-color-scheme:dark)", ":root:not([data-theme])"),
)
"""Where the dark theme applies, and to which pages there. Both marks weigh as much as the system's own."""
BLOCK = re.compile(r"--|__")
WEIGHTS = {"normal": "400", "bold": "700"}

Tokens = list[ast.Node]


class Vocabulary:
    """The words with which our pages are made."""

    def __init__(self, ours: Iterable[str], systems_script: str) -> None:
        self.words: set[str] = set()
        patterns: set[str] = set()
        for text in ours:
            self.words.update(WORD.findall(text))
            patterns.update(ANY.join(map(re.escape, HOLE.split(chunk))) for chunk in COMPOSED.findall(text))
            patterns.update(re.escape(word) + ANY for word in CUT_OFF.findall(COMPOSED.sub(" ", text)))
        self._composed = re.compile("|".join(sorted(patterns)) or "(?!)")
        self._of_script = set(WORD.findall(systems_script))

    def knows(self, name: str) -> bool:
        """Return whether an element can have this class or id."""
        if name in self.words or self._composed.fullmatch(name):
            return True
        # The system's script sets the states of a block, such as "opened", only where a page has that block.
        block = BLOCK.split(name.removeprefix(NAMESPACE), maxsplit=1)[0]
        return self._sets(name) and f"{NAMESPACE}{block}" in self.words

    def mentions(self, variable: str) -> bool:
        """Return whether a script may read this custom property."""
        return variable in self.words or variable in self._of_script

    def _sets(self, name: str) -> bool:
        return name in self._of_script or name.removeprefix(NAMESPACE) in self._of_script


@dataclass
class Stylesheet:
    """A stylesheet, and the classes and ids that our pages must not carry, because rules for them were left out."""

    text: str
    left_out: set[str]


def lean(stylesheets: Iterable[str], vocabulary: Vocabulary, beside: str) -> Stylesheet:
    """Return the used part of stylesheets, one after the other; `beside` is the CSS that pages load with it."""
    left_out: set[str] = set()
    rules: list[_Rule | _Group | str] = []
    for stylesheet in stylesheets:
        rules += _used(tinycss2.parse_stylesheet(stylesheet, True, True), vocabulary, left_out)
    _drop_unread_variables(rules, vocabulary, beside)
    _drop_unread_fonts(rules, beside)
    return Stylesheet("".join(str(rule) for rule in rules), left_out)


@dataclass
class _Rule:
    selectors: list[str]
    declarations: list[tuple[str, str]]
    """Each with its name, lower case unless it is a custom property."""

    def __str__(self) -> str:
        if not self.declarations:
            return ""
        return f"{','.join(self.selectors)}{{{';'.join(text for _, text in self.declarations)}}}"


@dataclass
class _Group:
    """A rule such as @media, with the rules inside."""

    head: str
    rules: "list[_Rule | _Group | str]"

    def __str__(self) -> str:
        inside = "".join(str(rule) for rule in self.rules)
        return f"{self.head}{{{inside}}}" if inside else ""


def _used(rules: Iterable[ast.Node], vocabulary: Vocabulary, left_out: set[str]) -> Iterator[_Rule | _Group | str]:
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"The stylesheet cannot be read: {rule.message}")
        if rule.type == "qualified-rule":
            chosen = []
            for selector in _split(rule.prelude, ","):
                unknown = [name for name in _names(selector) if not vocabulary.knows(name)]
                left_out.update(unknown)
                if not unknown:
                    chosen.append(tinycss2.serialize(selector).strip())
            if chosen:
                yield from _by_theme(chosen, _declarations(rule.content))
        elif rule.lower_at_keyword == "font-face":
            yield _Rule(["@font-face"], _declarations(rule.content))
        elif rule.lower_at_keyword in {"media", "supports"}:
            head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
            inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            yield _Group(head, list(_used(inside, vocabulary, left_out)))
        elif rule.lower_at_keyword != "charset":
            yield rule.serialize()


def _by_theme(selectors: list[str], declarations: list[tuple[str, str]]) -> Iterator[_Rule | _Group]:
    """Yield a rule, and where it is one of the dark theme, one for each way to that theme."""
    dark = [selector for selector in selectors if DARK.search(selector)]
    if other := [selector for selector in selectors if selector not in dark]:
        yield _Rule(other, declarations)
    if dark:
        for where, pages in DARK_BY:
            yield _Group(where, [_Rule([DARK.sub(pages, selector) for selector in dark], declarations)])


def _split(tokens: Tokens, mark: str) -> Iterator[Tokens]:
    part: Tokens = []
    for token in tokens:
        if token.type == "literal" and token.value == mark:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _names(selector: Tokens) -> Iterator[str]:
    """Yield the classes and ids that a selector requires."""
    before = None
    for token in selector:
        if (token.type == "ident" and before == ".") or token.type == "hash":
            yield token.value
        before = token.value if token.type == "literal" else None


def _declarations(content: Tokens) -> list[tuple[str, str]]:
    declarations = []
    for part in _split(content, ";"):
        text = tinycss2.serialize(part).strip()
        if text:
            name = text.partition(":")[0].strip()
            declarations.append((name if name.startswith("--") else name.lower(), text))
    return declarations


def _all_rules(rules: Iterable[_Rule | _Group | str]) -> Iterator[_Rule]:
    for rule in rules:
        if isinstance(rule, _Rule):
            yield rule
        elif isinstance(rule, _Group):
            yield from _all_rules(rule.rules)


VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")


def _drop_unread_variables(rules: list[_Rule | _Group | str], vocabulary: Vocabulary, beside: str) -> None:
    """Drop the custom properties that nothing reads, directly or through another one."""
    needs: dict[str, set[str]] = {}
    read = set(VARIABLE.findall(beside))
    for rule in rules:
        if isinstance(rule, str):
            read.update(VARIABLE.findall(rule))
    for rule in _all_rules(rules):
        for name, text in rule.declarations:
            if name.startswith("--"):
                needs.setdefault(name, set()).update(VARIABLE.findall(text))
            else:
                read.update(VARIABLE.findall(text))
    read.update(name for name in needs if vocabulary.mentions(name))
    waiting = list(read)
    while waiting:
        new = needs.get(waiting.pop(), set()) - read
        read |= new
        waiting += new
    for rule in _all_rules(rules):
        rule.declarations = [
            (name, text) for name, text in rule.declarations if not name.startswith("--") or name in read
        ]


def _drop_unread_fonts(rules: list[_Rule | _Group | str], beside: str) -> None:
    """Drop the font faces of a family or weight that no rule names, and every format except WOFF2."""
    faces = [rule for rule in _all_rules(rules) if rule.selectors == ["@font-face"]]
    texts = [text for rule in _all_rules(rules) if rule not in faces for _, text in rule.declarations]
    used = ";".join([*texts, beside])
    weights = {WEIGHTS.get(weight, weight) for weight in re.findall(r"font-weight:\s*(\w+)", used)} | set(
        WEIGHTS.values()
    )
    for face in faces:
        facts = {name: text.partition(":")[2] for name, text in face.declarations}
        if facts["font-family"] not in used or facts["font-weight"] not in weights:
            face.declarations = []
            continue
        face.declarations = [
            (name, "src:" + next(part for part in text.partition(":")[2].split(",") if ".woff2" in part))
            if name == "src"
            else (name, text)
            for name, text in face.declarations
        ]
