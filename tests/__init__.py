"""The tests mirror the tree above them; e2e/ drives the real app in a real browser."""
