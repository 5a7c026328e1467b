"""How much of one document is read."""

MAX_ENTRIES = 20_000
"""Those after are left out, and the fault says so."""
MAX_GUID = 8192
"""Characters of a guid that are kept."""
MAX_LIST = 500
"""Authors, terms, enclosures … of one entry."""
