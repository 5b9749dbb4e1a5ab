"""Tell it: what was trained and decided, as text that reads the same on a terminal and in a file."""
