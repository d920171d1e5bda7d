"""The ledger: one DuckDB file with the catalogue, prices and marts, and immutable Parquet parts beside it.

A closed month keeps the rules, owners, names and prices it was closed with (engine/months.py); restating places it anew."""
