"""What is believed about a moment: propensities, expected outcomes, lifetime value, and how they are kept."""
