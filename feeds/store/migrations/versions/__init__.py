"""One script a revision; a shipped one is never edited."""
