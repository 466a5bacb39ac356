"""Faults of network, clock, person and backup, and the checker that reads what they left."""
