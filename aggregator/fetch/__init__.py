"""How bytes are fetched: requests over libcurl, the address guard."""
