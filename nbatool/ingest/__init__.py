"""Files in: formats, mapping to canonical records, checks, duplicates, rejects."""
