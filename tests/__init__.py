"""Tests mirror the rooms; flows/ go end to end."""
