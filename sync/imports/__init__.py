"""Imports (导入): files of the offices become entries. `reading.py` reads; mapping, plan and commit do the rest."""
