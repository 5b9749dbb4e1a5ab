"""What to do: one decision function for the night's millions and for one customer live."""
