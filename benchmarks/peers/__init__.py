"""Other programs on the same questions, each in an environment of its own."""
