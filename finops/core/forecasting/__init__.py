"""Forecasts of spend for money: states, intervals of totals, rhythm, and changes that are told beside the past."""
