"""Who: the customers known at a moment and what is recorded about them."""
