"""Receiving OTLP over HTTP: bodies, the spool, its segments and their totals."""
