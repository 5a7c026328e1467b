"""Which entry is which article, and which articles are one story. Pure."""
