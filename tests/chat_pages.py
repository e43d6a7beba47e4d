"""Pages built like ChatGPT, Claude and Gemini, served under their names to a browser that takes them for real."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

EXTENSION = Path(__file__).parents[1] / "clients" / "extension"
SITES = {"chatgpt.com": "chatgpt", "claude.ai": "claude", "gemini.google.com": "gemini"}
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css"}


@dataclass(frozen=True)
class Request:
    """Something a page sent."""

    host: str
    path: str
    body: str


class ChatPages:
    """One server for all three, which keeps what it was sent."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[Request] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder, *SITES))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def resolver_rules(self) -> str:
        """Chromium's `--host-resolver-rules`: the three names lead here, and no other name leads anywhere."""
        rules = [f"MAP {host}:443 127.0.0.1:{self._server.server_port}" for host in SITES]
        return ", ".join([*rules, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"])

    def prompts(self) -> Iterator[str]:
        """The bodies of what was sent to a model, without what pages send meanwhile."""
        for request in self.requests:
            if request.path.partition("?")[0].endswith(("/conversation", "/completion", "/StreamGenerate")):
                yield request.body

    def carried(self, text: str) -> bool:
        """Whether any request at all carried `text`, plain or escaped."""
        escaped = text.encode("unicode_escape").decode()
        return any(form in request.body for request in self.requests for form in (text, escaped))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site = SITES[self.headers["Host"]]
                name = f"{site}.html" if self.path.count(".") == 0 else self.path.lstrip("/")
                found = [
                    folder / name
                    for folder in (EXTENSION / "test" / "pages", EXTENSION / "build" / "pages")
                    if (folder / name).is_file()
                ]
                content = found[0].read_bytes() if found else b""
                self._answer(200 if found else 404, TYPES.get(Path(name).suffix, "text/plain"), content)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                requests.append(Request(self.headers["Host"], self.path, body))
                self._answer(200, "application/json", b"{}")

            def _answer(self, status: int, kind: str, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                # As strict as the real ones: what the extension shows must not depend on the page's permission.
                self.send_header("Content-Security-Policy", "default-src 'self'; base-uri 'none'")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def certificate(folder: Path, *hosts: str) -> Path:
    """A file with a certificate for `hosts`, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path
