"""Delivery-status messages (RFC 3464) as mail servers write them."""

NOTICE = "notice-0ebf99e3df51b4a8f171"
RECIPIENT = """\
Original-Recipient: rfc822;ops@bank.example
Final-Recipient: rfc822; ops@bank.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ops@bank.example>: no such user
"""
WHOLE = f"""\
Content-Type: message/rfc822

From: status@hub.example
To: ops@bank.example
Message-ID: <{NOTICE}@hub.example>
Subject: Early warning

text
"""
HEADERS_ONLY = f"""\
Content-Type: text/rfc822-headers

From: status@hub.example
Message-Id:
 <{NOTICE}@hub.example>
"""


def a_dsn(recipients: str = RECIPIENT, original: str = WHOLE, report: str = "message/delivery-status") -> bytes:
    return f"""\
From: MAILER-DAEMON@mx.bank.example
To: status@hub.example
Message-ID: <20251122@mx.bank.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: {report}

Reporting-MTA: dns; mx.bank.example
Arrival-Date: Sat, 22 Nov 2025 14:02:00 +0000

{recipients}
--b
{original}
--b--
""".encode()
