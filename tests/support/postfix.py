"""A real Postfix with STARTTLS and a real Postgrey, private to a test: own ports, own queue, own mailboxes."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import Child, free_port, port_answers
from tests.support.tls import a_certificate

GREY_S = 2
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = /dev/stdout
myhostname = mx.bank.example
mydestination =
mynetworks =
local_recipient_maps =
alias_maps =
notify_classes =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = bank.example, hub.example
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ops@bank.example=ops/, desk@bank.example=desk/, status@hub.example=status/}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
relay_domains = gone.example
transport_maps = inline:{{gone.example=gone:}}
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
    reject_unauth_destination, reject_unlisted_recipient, check_policy_service inet:127.0.0.1:{grey_port}
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
gone unix - n n - - pipe user=nobody argv=/bin/sh -c {{echo nobody of that name; exit 67}}
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """The mailboxes are ops@, desk@bank.example and status@hub.example; mail to gone.example is taken, and bounces."""

    port: int
    certificate: Path
    mail: Path

    def mailbox(self, name: str) -> list[bytes]:
        """Return the messages that have arrived in a mailbox."""
        return [path.read_bytes() for path in sorted((self.mail / name / "new").glob("*"))]


def missing() -> str | None:
    """Return what keeps Postfix from running here, or None."""
    if os.geteuid() != 0:
        return "not root, as Postfix's master has to be"
    absent = [name for name in ("postfix", "postgrey") if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


@contextlib.contextmanager
def running_postfix() -> Iterator[Postfix]:
    """Run both until the end of the block. They drop privileges, so their folder is one that others may enter."""
    home = Path(tempfile.mkdtemp(prefix="postfix-"))
    try:
        home.chmod(0o755)
        server = _configure(home, free_port(), grey_port := free_port())
        log = home / "log"
        grey = ["postgrey", f"--inet=127.0.0.1:{grey_port}", f"--dbdir={home}/grey", f"--delay={GREY_S}"]
        with (
            Child("postgrey", grey, log) as postgrey,
            Child("postfix", ["postfix", "-c", home / "etc", "start-fg"], log) as postfix,
        ):
            try:
                postgrey.wait_ready(lambda: port_answers(grey_port), what="a port that answers")
                postfix.wait_ready(lambda: port_answers(server.port), what="a port that answers")
                yield server
            finally:
                # Its master has left the process group; only Postfix's own command ends it.
                subprocess.run(["postfix", "-c", home / "etc", "stop"], check=False, capture_output=True)  # noqa: S603, S607 - ours
    finally:
        shutil.rmtree(home)


def _configure(home: Path, port: int, grey_port: int) -> Postfix:
    postfix = pwd.getpwnam("postfix")
    for name, owner in (("etc", None), ("queue", None), ("data", "postfix"), ("mail", "postfix"), ("grey", "postgrey")):
        (home / name).mkdir()
        if owner is not None:
            shutil.chown(home / name, owner)
    certificate = a_certificate(home / "etc")
    main = MAIN_CF.format(
        home=home, uid=postfix.pw_uid, gid=postfix.pw_gid, certificate=certificate, grey_port=grey_port
    )
    (home / "etc" / "main.cf").write_text(main)
    (home / "etc" / "master.cf").write_text(MASTER_CF.format(port=port))
    return Postfix(port, certificate, home / "mail")
