"""One person filling one form: the live answers, what follows from them, and their XML.

A screen does not use this package directly but the interface in `forms.entry`.
"""
