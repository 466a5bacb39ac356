"""Ground: outlines in a plane, pieces, the fold, the figures of parcels. See ../README.md."""
