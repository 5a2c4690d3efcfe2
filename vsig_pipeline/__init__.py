"""The Dagster graph of vsig: assets, checks, sensors, jobs. All logic lies in `vsig_core`."""
