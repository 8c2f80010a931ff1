"""A certificate authority of our own, and a server certificate for 127.0.0.1."""

import subprocess
from pathlib import Path

from .children import NotStarted

_SERVER = """subjectAltName=IP:127.0.0.1,DNS:localhost
extendedKeyUsage=serverAuth
keyUsage=digitalSignature
basicConstraints=CA:FALSE
"""


def _openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotStarted(f"openssl {words[0]} failed: {done.stderr.strip().splitlines()[-1]}")


def make_certificates(folder, name="Trust Mail try"):
    """Makes ca.pem, server.pem and server.key in `folder`."""
    folder = Path(folder)
    folder.mkdir(mode=0o755, exist_ok=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    _openssl("req", "-x509", *key, "-days", 30, "-subj", f"/CN={name} CA", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    _openssl("req", *key, "-subj", "/CN=127.0.0.1", "-keyout", folder / "server.key", "-out", folder / "server.csr")
    (folder / "server.ext").write_text(_SERVER, encoding="ascii")
    _openssl("x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
             "-days", 30, "-extfile", folder / "server.ext", "-out", folder / "server.pem")
    for private in (folder / "ca.key", folder / "server.key"):
        private.chmod(0o600)
