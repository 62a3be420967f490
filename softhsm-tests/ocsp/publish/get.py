"""Sends GET requests by RFC 5019 to a web server, and verifies the answers with openssl.

get.py URL CRL_URL NAME=STATUS...: NAME is a certificate's file, or a serial number as 0x....
"""
import base64
import datetime
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from email.utils import parsedate_to_datetime


def openssl(*arguments):
    run = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    assert run.returncode == 0, (arguments, run)
    return run.stdout + run.stderr


def get(url, headers={}, data=None):
    """Sends a request; returns the status, the headers and the content."""
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def check(url, name, status, digest):
    which = ["-serial", name] if name.startswith("0x") else ["-cert", name]
    fixed = ["ocsp", "-issuer", "customerCA.crt", digest, *which, "-no_nonce"]
    openssl(*fixed, "-reqout", "q.der")
    with open("q.der", "rb") as file:
        text = base64.b64encode(file.read()).decode()
    answers = set()
    # Try the path encoded as in RFC 5019, with lowercase hex digits, and not encoded.
    encoded = urllib.parse.quote(text, safe="")
    lower = encoded.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d")
    for path in {encoded, lower, text}:
        code, headers, content = get(url + path)
        assert code == 200, (code, name, path)
        assert headers["Content-Type"] == "application/ocsp-response", headers
        assert headers["ETag"] and headers["Last-Modified"], headers
        control = ", ".join(headers.get_all("Cache-Control"))
        for word in ["max-age=", "public", "no-transform", "must-revalidate"]:
            assert word in control, control
        answers.add(content)
        age = int(control.split("max-age=")[1].split(",")[0])
        expires = parsedate_to_datetime(headers["Expires"])
        tag = headers["ETag"]
    assert len(answers) == 1, (name, len(answers))
    with open("r.der", "wb") as file:
        file.write(answers.pop())
    said = openssl(*fixed, "-respin", "r.der", "-CAfile", "customerCA.crt")
    assert "Response verify OK" in said and f"{name}: {status}" in said, said
    until = said.split("Next Update: ")[1].split("\n")[0]
    until = datetime.datetime.strptime(until, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=datetime.timezone.utc)
    now = datetime.datetime.now(datetime.timezone.utc)
    assert 0 < age < (until - now).total_seconds() / 2 and expires < until, (age, expires, until)
    # A client that has the answer gets 304.
    assert get(url + encoded, {"If-None-Match": tag})[0] == 304
    return "/" in text, text.endswith("/"), "//" in text


url, crl, *wanted = sys.argv[1:]
shapes = set()
for one in wanted:
    name, status = one.split("=")
    for digest in ["-sha1", "-sha256"]:
        shapes.add(check(url, name, status, digest))
for shape in range(3):
    assert any(found[shape] for found in shapes), shapes

# Other requests get no answer, and the server lists no directory.
openssl("ocsp", "-issuer", "customerCA.crt", "-serial", "0x77", "-no_nonce", "-reqout", "q.der")
with open("q.der", "rb") as file:
    request = file.read()
assert get(url + urllib.parse.quote(base64.b64encode(request).decode(), safe=""))[0] == 404
assert get(url, data=request)[0] in (403, 405)
assert get(url)[0] in (403, 404)
assert get(crl.rsplit("/", 1)[0] + "/")[0] == 404

code, headers, content = get(crl)
assert (code, headers["Content-Type"]) == (200, "application/pkix-crl"), (code, headers)
with open("got.crl", "wb") as file:
    file.write(content)
assert "verify OK" in openssl("crl", "-in", "got.crl", "-inform", "DER", "-CAfile", "customerCA.crt", "-noout")
