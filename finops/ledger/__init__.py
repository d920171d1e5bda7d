"""The ledger: one DuckDB file with the catalogue, prices and marts, and immutable Parquet parts beside it."""
