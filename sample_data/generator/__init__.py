"""How the sample company's files are made. Run by `sample_data/generate.py`; finops never imports it."""
