"""Prices: what they are, fetched, imported, compared."""
