"""Lists beside the answers: rows inside the form, and CSV, XML and GeoJSON files behind an indexed SQLite store."""
