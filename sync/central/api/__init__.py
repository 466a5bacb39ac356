"""Central's HTTP API: see `app.py` for how it is put together and `sync/README.md` for what it says."""
