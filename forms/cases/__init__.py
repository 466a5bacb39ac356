"""Replays recorded walks through forms and compares each answer with JavaRosa's. `python -m forms.cases DIR`."""
