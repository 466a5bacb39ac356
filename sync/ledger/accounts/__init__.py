"""Figures of documents, plans and sites. See ../README.md."""
