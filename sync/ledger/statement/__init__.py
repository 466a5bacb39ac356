"""The verification report as exact data. See ../README.md."""
