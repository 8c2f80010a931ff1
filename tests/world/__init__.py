"""What tests/run does after the packages are there: run.py, and a PostgreSQL for the store tests: postgres.py."""
