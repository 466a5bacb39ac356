"""What must be fast, each measured beside a yardstick in the same run; see README.md in this folder."""
