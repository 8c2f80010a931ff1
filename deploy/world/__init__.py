"""A small mail world on loopback, for the demo (deploy/try) and for the system tests.

    people.py        who lives here: addresses, passwords
    place.py         folders, ports, room on the disk
    children.py      processes that never outlive us
    certificates.py  a certificate authority of our own
    dovecot.py       everybody's mailboxes: IMAPS in front, LMTP behind
    postfix.py       the relay: submission with TLS and AUTH, a plain port for reporters, all into Dovecot
    postfix_log.py   what the relay says it did
    world.py         all of that as one thing to start and stop
    letters.py       mails as people and robots write them
    mailbox.py       reads and writes mailboxes with imaplib: an eye that is not ours
    site.py          the company's web site: history page and post-mortems
    programs.py      configures and runs trust-intake and trust-notifier
    waiting.py       waits for a condition, with a deadline
    day.py, show.py, __main__.py   the demo: the day that is played, how it is shown, how it is begun and ended

Python 3.11, standard library only. Runs as root: Postfix's master insists.
"""
