"""The command line: one file per command, one place that writes stdout, one that writes stderr."""
