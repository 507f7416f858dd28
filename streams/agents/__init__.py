"""Faust agents: short, and they never raise."""
