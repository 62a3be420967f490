"""Faults between a client and AWS, which a test orders for its own access key id, and a log of the calls.

    POST   /_test/faults  {"access_key": ID, "faults": [{"operation": NAME or "*", "kind": KIND, ...}, ...]}
    GET    /_test/calls?access_key=ID
    DELETE /_test/calls?access_key=ID
    GET    /_test/huge    8 GiB, for a client that expects another service at this URL

A POST replaces the faults of that access key id. If several faults match a call, the first one applies. This middleware is in
front of moto, so a fault takes effect whatever the request says, and most faults keep the request from moto.
"""

import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import parse_qs

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# From the API references of KMS and CloudHSM; every other exception has status 400.
STATUS = {
    "DependencyTimeoutException": 500,
    "KeyUnavailableException": 500,
    "KMSInternalException": 500,
    "CloudHsmInternalFailureException": 500,
}
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}

HUGE = 64 << 20
PIECE = 1 << 16
JSON = "application/x-amz-json-1.1"

# Each fault's own settings, besides operation, kind, times and skip.
SETTINGS: dict[str, set[str]] = {
    "close": set(),
    "lost": set(),
    "hang": {"seconds"},
    "truncate": set(),
    "empty": set(),
    "garbage": set(),
    "html": {"status"},
    "huge": {"bytes", "chunked"},
    "drip": {"seconds"},
    "gzip": set(),
    "page": {"field"},
    "wrong-key-id": set(),
    "no-plaintext": set(),
    "without": {"field"},
    "replace": {"field", "value"},
    "error": {"type", "message", "status"},
}
EXCEPTION_SETTINGS = {"message", "status"}


def access_key_of(authorization: str) -> str:
    """The access key id that a request was signed with."""
    credential = re.search(r"Credential=([^/,]+)", authorization)
    return credential[1] if credential else ""


class BadRule(Exception):
    """An invalid fault."""


class Fault:
    """One fault: which calls it applies to, and what it does."""

    def __init__(self, rule: dict[str, Any]) -> None:
        """Raises BadRule."""
        self.kind: str = rule.get("kind", "")
        allowed = EXCEPTION_SETTINGS if self.kind.endswith("Exception") else SETTINGS.get(self.kind)
        if allowed is None:
            raise BadRule(f"unknown kind of fault: {self.kind}")
        unknown = rule.keys() - allowed - {"operation", "kind", "times", "skip"}
        if unknown:
            raise BadRule(f"{self.kind} has no setting {', '.join(sorted(unknown))}")
        self.operation: str = rule.get("operation", "*")
        self.skip: int = rule.get("skip", 0)
        self.times: int | None = rule.get("times", 1) or None  # None: forever
        self.settings = rule

    def strikes(self, operation: str) -> bool:
        """Whether the fault applies to this call. Each question counts as a call."""
        if self.operation not in ("*", operation) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Weather:
    """WSGI middleware."""

    def __init__(self, application: Application) -> None:
        """Middleware in front of `application`."""
        self.application = application
        self.lock = threading.Lock()
        self.faults: dict[str, list[Fault]] = {}
        self.requests: dict[str, list[dict[str, Any]]] = {}
        self.page = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        # Read the body here, because closing a connection with unread data resets it.
        body = b""
        if size := int(environ.get("CONTENT_LENGTH") or 0):
            body = environ["wsgi.input"].read(size)
            environ["wsgi.input"] = BytesIO(body)
        if environ["PATH_INFO"] == "/_test/huge":
            return respond_huge(start_response, 8 << 30, chunked=False)
        if environ["PATH_INFO"].startswith("/_test/"):
            return answer(start_response, *self.control(environ, body))

        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if not operation:
            return self.application(environ, start_response)
        access_key = access_key_of(environ.get("HTTP_AUTHORIZATION", ""))
        with self.lock:
            fault = next((rule for rule in self.faults.get(access_key, ()) if rule.strikes(operation)), None)
            self.requests.setdefault(access_key, []).append(
                {
                    "operation": operation,
                    "parameters": parsed(body),
                    "fault": fault.kind if fault else None,
                }
            )
        if fault is None:
            return self.application(environ, start_response)
        return self.strike(fault, environ, start_response)

    def control(self, environ: Environ, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the answer for a test's request to this middleware."""
        query = parse_qs(environ["QUERY_STRING"])
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case "POST", "/_test/faults":
                try:
                    order = json.loads(body)
                    access_key: str = order["access_key"]
                    faults = [Fault(rule) for rule in order["faults"]]
                except (BadRule, KeyError, TypeError, ValueError) as error:
                    return 400, {"error": f"{type(error).__name__}: {error}"}
                with self.lock:
                    self.faults[access_key] = faults
                return 200, {}
            case "GET", "/_test/calls" if "access_key" in query:
                with self.lock:
                    requests = list(self.requests.get(query["access_key"][0], ()))
                return 200, {"calls": [request["operation"] for request in requests], "requests": requests}
            case "DELETE", "/_test/calls" if "access_key" in query:
                with self.lock:
                    self.requests.pop(query["access_key"][0], None)
                return 200, {}
            case _:
                return 404, {"error": "unknown request; see weather.py"}

    def strike(self, fault: Fault, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The answer that the fault makes."""
        settings = fault.settings
        match fault.kind:
            case "close":
                hang_up(environ)
            case "lost":  # the service did the work, but the client gets no answer
                b"".join(self.application(environ, lambda *_: None))
                hang_up(environ)
            case "hang":
                time.sleep(settings.get("seconds", 60))
                return self.application(environ, start_response)
            case "empty":
                return respond(start_response, 200, b"")
            case "garbage":
                return respond(start_response, 200, b'{"Plaintext":\xff\xfe\x00' + bytes(range(256)))
            case "html":
                page = b"<html><body><h1>Proxy error</h1></body></html>"
                return respond(start_response, settings.get("status", 503), page, "text/html")
            case "huge":
                return respond_huge(start_response, settings.get("bytes", HUGE), settings.get("chunked", False))
            case "drip":
                return respond_slowly(start_response, settings.get("seconds", 60))
            case "gzip":
                return respond_compressed(start_response)
            case "page":
                self.page += 1
                asked = parsed(environ["wsgi.input"].read())
                asked.pop("NextToken", None)  # the service would not know it
                body = json.dumps(asked).encode()
                environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
                settings = {"field": settings["field"], "kind": "replace", "value": f"page {self.page}"}
                return self.changed(Fault(settings), environ, start_response)
            case "truncate":
                body = b"".join(self.application(environ, start_response))
                return [body[: len(body) // 2]]  # the Content-Length is that of the whole body
            case "wrong-key-id" | "no-plaintext" | "without" | "replace":
                return self.changed(fault, environ, start_response)
            case kind:
                exception = settings.get("type", kind)
                status = settings.get("status", STATUS.get(exception, 400))
                # The member of CloudHSM's own exceptions has a capital M.
                member = "Message" if exception.startswith("CloudHsm") else "message"
                return answer(start_response, status, {"__type": exception, member: settings.get("message", "")})

    def changed(self, fault: Fault, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The service's own answer, with a field changed."""
        status = ""

        def keep_status(value: str, _headers: list[tuple[str, str]], _exc_info: object = None) -> None:
            nonlocal status
            status = value

        fields = parsed(b"".join(self.application(environ, keep_status)))
        code = int(status.partition(" ")[0])
        match fault.kind:
            case _ if code != 200:
                pass  # do not change an error
            case "wrong-key-id":
                fields["KeyId"] = fields["KeyId"][:-12] + "0" * 12
            case "no-plaintext":
                fields.pop("Plaintext", None)
            case "without":
                fields.pop(fault.settings["field"], None)
            case "replace":
                fields[fault.settings["field"]] = fault.settings["value"]
        return answer(start_response, code, fields)


def hang_up(environ: Environ) -> NoReturn:
    """Closes the connection without an answer."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError  # the server treats this as closed by the client


def parsed(body: bytes) -> Any:
    """The JSON in a body, or None."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def answer(start_response: StartResponse, status: int, content: dict[str, Any]) -> Iterable[bytes]:
    """A JSON answer."""
    return respond(start_response, status, json.dumps(content).encode())


def respond(start_response: StartResponse, status: int, body: bytes, content_type: str = JSON) -> Iterable[bytes]:
    """An answer."""
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    start_response(f"{status} {REASONS.get(status, 'Error')}", headers)
    return [body]


def respond_huge(start_response: StartResponse, size: int, chunked: bool) -> Iterable[bytes]:
    """Valid JSON with a Plaintext of `size` characters. The generator makes it while sending, and stops if the connection ends.

    Without a Content-Length the server sends chunks.
    """
    before, after = b'{"Plaintext":"', b'"}'
    total = len(before) + size + len(after)
    length = [] if chunked else [("Content-Length", str(total))]
    start_response("200 OK", [("Content-Type", JSON), *length])
    yield before
    for start in range(0, size, PIECE):
        yield b"A" * min(PIECE, size - start)
    yield after


def respond_slowly(start_response: StartResponse, seconds: int) -> Iterable[bytes]:
    """Sends one byte each second of an answer that announces 1000."""
    start_response("200 OK", [("Content-Type", JSON), ("Content-Length", "1000")])
    for _ in range(seconds):
        yield b" "
        time.sleep(1)


def respond_compressed(start_response: StartResponse) -> Iterable[bytes]:
    """Sends 64 MiB compressed to some 64 KiB, although the client did not ask for compression."""
    body = gzip.compress(b'{"Plaintext":"' + b"A" * HUGE + b'"}')
    headers = [("Content-Type", JSON), ("Content-Length", str(len(body))), ("Content-Encoding", "gzip")]
    start_response("200 OK", headers)
    return [body]
