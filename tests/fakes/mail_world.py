"""Runs the private mail world for a test program: mail_world.py FOLDER COUNT ADDRESS

Prints the SMTP url and the IMAP url of the reporting account, its CA file and password file. Then waits until ADDRESS has
COUNT mails, writes them to FOLDER/0.eml, FOLDER/1.eml ... as imaplib gives them, prints `delivered`, and ends.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.world.people import SECURITY
from deploy.world.waiting import TimedOut, wait_for
from deploy.world.world import World


def main(folder, count, address):
    with World(folder / "world") as world:
        print(world.smtp_url(SECURITY), world.imap_url(SECURITY), world.ca_file, world.password_file(SECURITY), flush=True)
        box = world.mailbox(address)
        try:
            wait_for("all mail", lambda: box.count() >= count, 60, 0.2)
        except TimedOut:
            return 1
        for number, raw in enumerate(box.raw()):
            (folder / f"{number}.eml").write_bytes(raw)
        print("delivered", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
