"""Commitments: instance hours, the newsvendor, and what a purchase would have cost otherwise."""
