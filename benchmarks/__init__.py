"""Measurements, each run with one command."""
