"""What the folders of an OPML list are: categories, by their own names."""

from __future__ import annotations

from aggregator.opml import Folder
from config.values import RESERVED, shown, wrong
from feeds.text import slugify


def folder_slug(folder: Folder) -> str:
    """The category that a folder of an OPML list is. Raises Wrong."""
    form = 'rename the folder, or write category="/slug" beside its text'
    name = (folder.slug or slugify(folder.title))[:64].strip("-")
    if not name:
        raise wrong(f"its name has nothing that a slug could be made of; {form}")
    if name in RESERVED:
        raise wrong(f"{shown(name)} is an address that the server needs; {form}")
    return name
