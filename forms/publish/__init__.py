"""Before a form reaches the field: what is wrong with it, and its frozen shape. Pure; compiling and signing are
central's (`sync/central/form_source.py`, `sync/central/publishing.py`)."""
