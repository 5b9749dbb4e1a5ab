"""Where everything is kept: the workspace folder, the DuckDB warehouse, its journal of batches, and who holds the lock."""
