"""Whether two texts tell the same: their words, where to look, a real comparison. Pure."""
