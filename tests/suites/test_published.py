"""Documents of the corpus, of the suites and of the nasty cases, published in every format and read
back: feedparser without bozo, the grammars, our rules, and the same in every field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from lxml import etree

from feeds.models import Document
from publisher.gate import gate
from publisher.render.all import RENDERERS
from publisher.render.atom import render_atom
from publisher.render.jsonfeed import render_json
from publisher.render.rss import render_rss
from tests.publisher.making import SITE, page, parsed, tree
from tests.publisher.reading_back import back, documents, items, json_unlike, loaded, unlike
from tests.shared import shared

pytestmark = [pytest.mark.slow, pytest.mark.shared]

KINDS = (".xml", ".rss", ".atom", ".rdf", ".json")


def _bodies(which: str) -> Iterator[bytes]:
    if which == "corpus":
        files = [path for path in shared("corpus").iterdir() if path.is_file()]
    else:
        folder = shared("suites")
        files = [path for path in folder.rglob("*") if path.suffix in KINDS]
        for path in folder.glob("*.jsonl"):  # cases with their documents in them
            for line in path.read_text("utf-8").splitlines():
                yield from _inline(line)
    for path in sorted(files):
        yield Path(path).read_bytes()


def _inline(line: str) -> Iterator[bytes]:
    case = json.loads(line)
    for name in ("input", "body", "xml", "document", "data"):
        text = case.get(name) if isinstance(case, dict) else None
        if isinstance(text, str) and ("<" in text or "jsonfeed" in text):
            yield text.encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module", params=["corpus", "suites"])
def read_documents(request: pytest.FixtureRequest) -> list[Document]:
    found = [each for each in documents(list(_bodies(request.param))) if each.entries]
    assert len(found) > (90 if request.param == "corpus" else 500)
    return found


def test_no_rule_is_broken(read_documents: list[Document]) -> None:
    """By the checker that publishing itself asks, which names the rules."""
    broken = [
        f"{render.__name__}: {fault}"
        for document in read_documents
        for render in RENDERERS
        for fault in gate(render(SITE, page(*items(document))))
    ]
    assert broken == []


def test_grammars(read_documents: list[Document]) -> None:
    """RELAX NG of RFC 4287, the schema of JSON Feed 1.1; feedparser finds nothing odd."""
    atom = etree.RelaxNG(etree.parse(shared("schemas/atom-rfc4287.rng")))
    schema = json.loads(Path(shared("schemas/jsonfeed-1.1.json")).read_bytes())
    checker = jsonschema.validators.validator_for(schema)(schema)
    for document in read_documents:
        whole = page(*items(document))
        file = render_atom(SITE, whole)
        atom.assertValid(tree(file))
        assert len(parsed(file).entries) == len(whole.items)
        assert len(parsed(render_rss(SITE, whole)).entries) == len(whole.items)
        checker.validate(loaded(render_json(SITE, whole)))


def test_every_field_comes_back(read_documents: list[Document]) -> None:
    """As far as each format has words for it."""
    differences = []
    for document in read_documents:
        whole = page(*items(document))
        site = SITE.__class__(title=SITE.title, url=SITE.url, id=SITE.id)  # no language of its own
        for kind, render in (("atom", render_atom), ("rss", render_rss)):
            found = back(render(site, whole)).entries
            assert len(found) == len(whole.items)
            for item, entry in zip(whole.items, found, strict=True):
                differences += [f"{kind}: {each}" for each in unlike(item, entry, kind)]
        told = loaded(render_json(site, whole))["items"]
        for item, one in zip(whole.items, told, strict=True):
            differences += [f"json: {each}" for each in json_unlike(item, one)]
    assert differences == [], (len(differences), differences[:20])
