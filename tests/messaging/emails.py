"""Answers by e-mail as the mail programs of people write them, and what machines send."""

from email.message import EmailMessage
from typing import Any

QUOTED = "Bonjour Awa,\n\nClaire Martin vous a écrit. Lisez et répondez ici :\nhttps://suivi.example/"
SENDER = "Accompagnement 100 % web <ne-pas-repondre@accompagnement.example>"
SIGNED = "\n".join(f"> {line}".rstrip() for line in QUOTED.split("\n"))
PAGE = QUOTED.replace("\n", "<br>")

ANSWERS: dict[str, str] = {
    "Gmail": f"Oui, mardi.\n\nLe mar. 3 mars 2026 à 10:15, {SENDER}\na écrit :\n\n{SIGNED}\n",
    "Gmail, English": f"Oui, mardi.\n\nOn Tue, Mar 3, 2026 at 10:15 AM Service <\na@b.example> wrote:\n\n{SIGNED}",
    "Thunderbird": f"Oui, mardi.\n\nLe 03/03/2026 à 10:15, {SENDER} a écrit :\n{SIGNED}\n\n-- \nAwa\n06 12 34 56 78\n",
    "under the quotation": f"Le 03/03/2026 à 10:15, Accompagnement a écrit :\n{SIGNED}\n\nOui, mardi.\n",
    "Outlook on the web": (
        f"Oui, mardi.\n\n{'_' * 32}\nDe : {SENDER}\nEnvoyé : mardi 3 mars 2026 10:15\nÀ : Awa\nObjet : Un message"
        f"\n\n{QUOTED}"
    ),
    "Outlook": (
        f"Oui, mardi.\r\n\r\nDe : {SENDER} \r\nEnvoyé : mardi 3 mars 2026 10:15\r\nÀ : Awa\r\nObjet : Un message\r\n"
        f"\r\n{QUOTED}"
    ),
    "Outlook Express": f"Oui, mardi.\n\n-----Message d'origine-----\nDe : {SENDER}\n\n{QUOTED}",
    "Yahoo": f"Oui, mardi.\n\nLe mardi 3 mars 2026 à 10:15:22 UTC+1, {SENDER} a écrit :  \n\n {QUOTED}",
    "Orange": f'Oui, mardi.\n\n> Message du 03/03/26 10:15\n> De : "Accompagnement"\n> Objet : Un message\n>\n{SIGNED}',
    "iPhone": f"Oui, mardi.\n\nEnvoyé de mon iPhone\n\n> Le 3 mars 2026 à 10:15, {SENDER} a écrit :\n> \n{SIGNED}",
    "Android": f"Oui, mardi.\n\nEnvoyé depuis mon mobile Orange\n\n---- Message original ----\nDe : x\n{QUOTED}",
    "nothing quoted": "Oui, mardi.",
}
"""The same answer, as each program quotes the letter."""

PAGES: dict[str, str] = {
    "Gmail": (
        '<div dir="ltr">Oui, mardi.</div><br><div class="gmail_quote"><div dir="ltr">Le mar. 3 mars 2026 à 10:15, '
        f"Accompagnement &lt;a@b.example&gt; a écrit&nbsp;:<br></div><blockquote>{PAGE}</blockquote></div>"
    ),
    "Outlook": (
        "<html><head><style>p {color: red}</style></head><body><p>Oui, mardi.</p><hr><div><b>De :</b> A<br>"
        f"<b>Envoyé :</b> mardi<br><b>À :</b> Awa<br><b>Objet :</b> Un message</div><p>{PAGE}</p></body></html>"
    ),
    "Apple Mail": (
        "<p>Oui, mardi.</p><blockquote>Le 3 mars 2026 à 10:15, Accompagnement a écrit :<br><br>"
        f"<blockquote>{PAGE}</blockquote></blockquote>"
    ),
}


def email_to(recipient: str, *, sender: str, text: str = "Oui, mardi.", **headers: Any) -> EmailMessage:
    """Return an answer by a person; `headers` with underscores for hyphens. None leaves one out."""
    mail = EmailMessage()
    given = {
        "From": f"Awa Diallo <{sender}>",
        "To": recipient,
        "Subject": "Re: Un message vous attend",
        "Message_ID": "<1@mail.example>",
        "Date": "Tue, 03 Mar 2026 10:20:00 +0100",
        **headers,
    }
    for name, value in given.items():
        if value is not None:
            mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def report(*, recipient: str, action: str = "failed", status: str = "5.1.1", original: str = "") -> bytes:
    """Return what a mail server sends back (RFC 3464). `original`: where the letter went before it was forwarded."""
    first = f"Original-Recipient: rfc822;{original}\r\n" if original else ""
    return (
        "From: MAILER-DAEMON@mail.example\r\nTo: x\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you…\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n"
        f"{first}Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Un message vous attend\r\n\r\n--b--\r\n"
    ).encode()


def report_of_postfix(recipient: str) -> bytes:
    """Return a report as Postfix 3.7 writes it."""
    return f"""Return-Path: <>
Date: Tue,  3 Mar 2026 10:16:02 +0100 (CET)
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: retour-x@reponse.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4PqXYZ0abc.1772529362/mx.example.org"
Content-Transfer-Encoding: 8bit
Message-Id: <20260303091602.4PqXYZ1@mx.example.org>

This is a MIME-encapsulated message.

--4PqXYZ0abc.1772529362/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system at host mx.example.org.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<{recipient}>: host mail.example.net[192.0.2.7] said: 550 5.1.1 <{recipient}>:
    Recipient address rejected: User unknown (in reply to RCPT TO command)

--4PqXYZ0abc.1772529362/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4PqXYZ0abc
X-Postfix-Sender: rfc822; retour-x@reponse.example
Arrival-Date: Tue,  3 Mar 2026 10:16:00 +0100 (CET)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.example.net
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: Recipient address rejected:
    User unknown

--4PqXYZ0abc.1772529362/mx.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers
Content-Transfer-Encoding: 8bit

Subject: Un message vous attend
To: {recipient}

--4PqXYZ0abc.1772529362/mx.example.org--
""".replace("\n", "\r\n").encode()


def report_of_exchange(recipient: str) -> bytes:
    """Return a report as Exchange writes it: a page beside the text, and the address in the case that it likes."""
    return f"""MIME-Version: 1.0
From: <postmaster@boite.example>
To: <retour-x@reponse.example>
Date: Tue, 3 Mar 2026 09:16:02 +0000
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4ee8c9a3-3f0e-4b15-a0e3-6d9d9b3c3f11"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: fr-FR
Message-ID: <4ee8c9a3-3f0e-4b15-a0e3-6d9d9b3c3f11@boite.example>
In-Reply-To: <1.1.20260303091500@suivi.example>
Subject: Non remis : Un message vous attend
Auto-Submitted: auto-replied

--4ee8c9a3-3f0e-4b15-a0e3-6d9d9b3c3f11
Content-Type: multipart/alternative; differences=Content-Type;
	boundary="d4a5f7a0-7c9e-4d7b-9c55-2f6d5ad3b8d2"

--d4a5f7a0-7c9e-4d7b-9c55-2f6d5ad3b8d2
Content-Type: text/plain; charset="utf-8"

Adresse de messagerie introuvable.

--d4a5f7a0-7c9e-4d7b-9c55-2f6d5ad3b8d2
Content-Type: text/html; charset="utf-8"

<html><body><p>Adresse de messagerie introuvable.</p></body></html>

--d4a5f7a0-7c9e-4d7b-9c55-2f6d5ad3b8d2--

--4ee8c9a3-3f0e-4b15-a0e3-6d9d9b3c3f11
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.exchange.boite.example
Received-From-MTA: dns;mx.example.org
Arrival-Date: Tue, 3 Mar 2026 09:16:00 +0000

Final-Recipient: RFC822;{recipient.upper()}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
X-Display-Name: Awa Diallo

--4ee8c9a3-3f0e-4b15-a0e3-6d9d9b3c3f11
Content-Type: message/rfc822

Subject: Un message vous attend
To: {recipient}

Bonjour

--4ee8c9a3-3f0e-4b15-a0e3-6d9d9b3c3f11--
""".replace("\n", "\r\n").encode()
