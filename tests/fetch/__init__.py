"""Tests of the fetching room."""
