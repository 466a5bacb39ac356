"""The command line, one module a room; `door.py` puts them together, so that a room can be used without the others."""
