"""Discrepancies (差异, ledger rules §5): what does not fit, found anew from the facts each time, with its causes.

`asked` is what is asked about, `table` has all checks, `settling` says which findings the district has closed,
`stops` what the open ones stop while a ledger grows, `sentences` how each is told, `counting` how many there are.
"""
