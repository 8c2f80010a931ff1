"""Faults from outside the programs: kill_point.cc ends them at the n-th write, relay.py is a mail relay that follows a script, rude_mailbox.py an IMAP server that misbehaves."""
