"""The papers' experiments: declared as data, run by seed, kept in a ledger, compared."""
