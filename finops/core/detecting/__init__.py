"""What is not as it was: unusual days and hours, drift, updates, burn and unsteady cost."""
