"""The night: every stage once, in the order the data travels."""
