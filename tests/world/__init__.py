"""What tests/run does after the packages are there: run.py, and a PostgreSQL for the store tests: postgres.py.
For system tests: stage.py is what they stand on; many_mails.py and cloning.py make much of something, quickly;
mailbox_truth.py holds mailbox, ledger and store against each other."""
