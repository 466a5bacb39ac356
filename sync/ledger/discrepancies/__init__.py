"""Discrepancies (差异, ledger rules §5): what does not fit, found anew from the facts each time, with its causes."""
