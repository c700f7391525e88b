"""Jobs: the night, delivery, reading, rounds, housekeeping, and the scheduler that runs them."""
