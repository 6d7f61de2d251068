"""A mail server for one test: STARTTLS and AUTH demanded, each mail parsed by the email
package and told as a line of JSON. Its first line is its port; it ends with its input."""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

cert, key, user, password = sys.argv[1:5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=good)


def defects(part):
    found = [type(d).__name__ for d in part.defects]
    for value in part.values():
        found += [type(d).__name__ for d in getattr(value, "defects", ())]
    for child in part.iter_parts() if part.is_multipart() else ():
        found += defects(child)
    return found


class Handler:
    async def handle_DATA(self, server, session, envelope):
        octets = envelope.original_content
        mail = email.message_from_bytes(octets, policy=email.policy.default)
        calendar = next(mail.iter_attachments())
        print(json.dumps({
            "TLS": session.ssl is not None, "Auth": bool(session.authenticated),
            "From": envelope.mail_from, "To": envelope.rcpt_tos[0], "Subject": mail["Subject"],
            "HeaderFrom": f'{mail["From"].addresses[0].display_name} <{mail["From"].addresses[0].addr_spec}>',
            "HeaderTo": f'{mail["To"].addresses[0].display_name} <{mail["To"].addresses[0].addr_spec}>',
            "Date": mail["Date"].datetime.isoformat(), "ID": mail["Message-ID"], "Auto": mail["Auto-Submitted"],
            "Text": mail.get_body(("plain",)).get_payload(decode=True).decode(),
            "HTML": mail.get_body(("html",)).get_payload(decode=True).decode(),
            "CalendarName": calendar.get_filename(), "CalendarType": calendar.get_content_type(),
            "Calendar": calendar.get_payload(decode=True).decode(),
            "Defect": " ".join(defects(mail)), "Longest": max(len(line) for line in octets.split(b"\r\n")),
        }), flush=True)
        return "250 2.0.0 taken"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(), tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()

asyncio.run(main())
