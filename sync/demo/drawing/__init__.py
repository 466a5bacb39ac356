"""What the demonstration draws: parcels of cells, visits to them, what offices file; and what it must all add up to."""
