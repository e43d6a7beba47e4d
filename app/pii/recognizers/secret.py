"""API keys and other secrets with a shape of their own."""

import re
from collections.abc import Iterator

from app.pii.document import Document
from app.pii.recognizers.base import Recognizer, RecognizerResult

# Prefixes as the providers document them; every repeat is bounded or followed by a boundary.
PATTERNS = {
    "AWS": r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    "GitHub": r"gh[pousr]_[0-9A-Za-z]{36,255}|github_pat_[0-9A-Za-z_]{50,255}",
    "GitLab": r"glpat-[0-9A-Za-z_\-]{20,64}",
    "OpenAI and Anthropic": r"sk-(?:proj-|ant-|svcacct-)?[0-9A-Za-z_\-]{20,200}",
    "Stripe": r"[sr]k_(?:live|test)_[0-9A-Za-z]{16,128}",
    "Google": r"AIza[0-9A-Za-z_\-]{35}",
    "Slack": r"xox[abposr]-[0-9A-Za-z\-]{10,200}",
    "npm": r"npm_[0-9A-Za-z]{36}",
    "PyPI": r"pypi-[0-9A-Za-z_\-]{50,255}",
    "Hugging Face": r"hf_[0-9A-Za-z]{30,64}",
    "SendGrid": r"SG\.[0-9A-Za-z_\-]{16,32}\.[0-9A-Za-z_\-]{30,64}",
    "Vigil": r"v[gk]_(?:live|test)_[0-9A-Za-z]{32,64}",
    "JSON Web Token": r"eyJ[0-9A-Za-z_\-]{10,2000}\.eyJ[0-9A-Za-z_\-]{10,4000}\.[0-9A-Za-z_\-]{10,1000}",
    "Private key": r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s0-9A-Za-z+/=]{0,8000}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
}
# The first characters of every pattern, for the prefilter.
PREFIXES = (
    "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "sk_", "rk_", "AIza", "xox",
    "npm_", "pypi-", "hf_", "SG.", "vg_", "vk_", "eyJ", "-----BEGIN",
)  # fmt: skip
_SECRET = re.compile(r"(?<![0-9A-Za-z_])(?:" + "|".join(PATTERNS.values()) + r")(?![0-9A-Za-z_])")


class SecretRecognizer(Recognizer):
    """Keys and tokens of common providers, JSON Web Tokens, private keys in PEM."""

    supported_entities = ("API_KEY",)

    def find(self, document: Document) -> Iterator[RecognizerResult]:
        """By shape alone."""
        for match in _SECRET.finditer(document.text):
            yield RecognizerResult("API_KEY", match.start(), match.end(), 1.0)
