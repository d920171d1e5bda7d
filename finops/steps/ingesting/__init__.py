"""Files in: what was given, what each is, loading, mappings and what counts twice."""
