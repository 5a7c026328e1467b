"""The public pages and the feeds as ready bytes."""
