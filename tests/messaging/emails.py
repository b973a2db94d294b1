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


def report(*, action: str = "failed", status: str = "5.1.1", recipient: str = "awa@example.org") -> bytes:
    """Return what a mail server sends back (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mail.example\r\nTo: x\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you…\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Un message vous attend\r\n\r\n--b--\r\n"
    ).encode()
