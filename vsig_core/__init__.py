"""The library of vsig: no Dagster, no global state."""
