"""The command door: each command parses, makes one call and prints."""
