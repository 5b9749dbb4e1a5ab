"""Was it worth it: what a policy would have earned on the logged decisions, and how sure that is."""
