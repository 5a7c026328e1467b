"""Stories to bytes. Pure."""
