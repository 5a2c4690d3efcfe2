"""The pages, a module for each group: `routes(desk)` and, where it is in it, `NAVIGATION`."""
