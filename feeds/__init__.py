"""What a feed is, and where it is kept."""

VERSION = "0.1.0"
