"""Keys, tokens and passwords that open something."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

# Formats as the providers document them for secret scanning.
_KEYS = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"  # Amazon Web Services
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255}"  # GitHub
    r"|glpat-[A-Za-z0-9_\-]{20,64}"  # GitLab
    r"|sk-(?:ant|proj|or|svcacct|admin)-[A-Za-z0-9_\-]{20,220}|sk-[A-Za-z0-9]{32,64}"  # model providers
    r"|AIza[A-Za-z0-9_\-]{35}|ya29\.[A-Za-z0-9_\-]{20,220}|GOCSPX-[A-Za-z0-9_\-]{28}"  # Google
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,128}|whsec_[A-Za-z0-9]{24,64}"  # Stripe
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,128}|xapp-[A-Za-z0-9\-]{20,128}"  # Slack
    r"|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_\-]{50,255}|dckr_pat_[A-Za-z0-9_\-]{27}"
    r"|SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}"  # SendGrid
    r"|(?:AC|SK)[0-9a-f]{32}|key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2}"  # Twilio, Mailgun, Mailchimp
    r"|dop_v1_[0-9a-f]{64}|dapi[0-9a-f]{32}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|EAACEdEose0cBA[A-Za-z0-9]{20,200}"
    r"|sq0(?:atp|csp)-[A-Za-z0-9_\-]{22,43}|NRAK-[A-Z0-9]{27}|lin_api_[A-Za-z0-9]{40}|glsa_[A-Za-z0-9_]{32,64}"
    r"|v[gk]_[A-Za-z0-9_\-]{20,128}|hvs\.[A-Za-z0-9_\-]{24,128}|r8_[A-Za-z0-9]{37}|gsk_[A-Za-z0-9]{40,64}"
    r"|eyJ[A-Za-z0-9_\-]{8,2000}\.[A-Za-z0-9_\-]{8,4000}\.[A-Za-z0-9_\-]{0,1000}"  # JSON Web Token, RFC 7519
    r")(?![A-Za-z0-9_])"
)
_TELEGRAM = re.compile(r"(?<![0-9A-Za-z])[0-9]{8,10}:AA[A-Za-z0-9_\-]{33}(?![A-Za-z0-9_\-])")
_PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[A-Za-z0-9+/=\s:,.\\\-]{0,12000}?-----END [A-Z0-9 ]{0,40}KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]{0,12000})"
)
_NAMED = re.compile(
    r"(?<![a-z0-9])(?:[a-z0-9]{1,16}_){0,2}"
    r"(?:password|passwd|passphrase|pwd|haslo|haslem|hasla|pin|secret|secret key|token|api[ _\-]?key|apikey|"
    r"access[ _\-]?key|client[ _\-]secret|auth[ _\-]?token|bearer|accountkey|klucz api)(?:[ _][a-z]{1,12}){0,3}[\"']?"
    r"(?:\s{0,3}(?:=>|:=|[:=])\s{0,3}|\s(?:to|is|brzmi|jest)(?:\s?:)?\s|(?<=bearer)\s)[\"'`]?"
)
_VALUE = re.compile(r"[^\s\"'`,;<>()\[\]]{4,256}")
_TRAILING = ".!?:}"
_PLACEHOLDER = re.compile(r"[\[<${%*]|x{4,}|\.{3}|your|twoj|example|changeme", re.IGNORECASE)


class SecretRecognizer(Recognizer):
    """Provider keys by their prefixes, private keys by their armour, passwords by the word before them."""

    supported_entities = ("API_KEY", "PRIVATE_KEY", "PASSWORD")

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """A named password counts when it holds a digit and is no template for one."""
        text = document.text
        if document.has_long_token:
            for match in _KEYS.finditer(text):
                yield RecognizerResult("API_KEY", match.start(), match.end(), 0.98)
            for match in _TELEGRAM.finditer(text):
                yield RecognizerResult("API_KEY", match.start(), match.end(), 0.98)
        if "-----BEGIN " in text:
            for match in _PEM.finditer(text):
                yield RecognizerResult("PRIVATE_KEY", match.start(), match.end(), 1.0)
        for match in _NAMED.finditer(document.folded):
            result = self._value(document, match.end(), "pin" in match.group()[:4])
            if result is not None:
                yield result

    def _value(self, document: Document, start: int, pin: bool) -> RecognizerResult | None:
        value = _VALUE.match(document.text, start)
        if value is None or _PLACEHOLDER.match(value.group()):
            return None
        written = value.group().rstrip(_TRAILING)
        if not any(sign.isdigit() for sign in written) or (
            len(written) < 6 and not (pin and written.isdigit())
        ):
            return None
        long = len(written) >= 20 and written.isascii()
        kind = "API_KEY" if long else "PASSWORD"
        return RecognizerResult(kind, start, start + len(written), 0.75)
