"""The domain's own forms, each a Markdown XLSForm that an office can read, compare and change, and their lists.

They are published like any other form (`main.py forms publish`); no code reads them otherwise.
"""
