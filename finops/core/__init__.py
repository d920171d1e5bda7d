"""Pure arithmetic: values in, values out. No files, clock, network or SQL."""
