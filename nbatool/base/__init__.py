"""What every stage stands on: errors, configuration, time, seeds, expressions."""
