"""Take the answer back: outcomes, confirmations, closed windows, and what they teach the fast learner."""
