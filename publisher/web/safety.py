"""Headers that every answer carries."""

from __future__ import annotations

# Pictures come from where the articles are; nothing else comes from elsewhere, and nothing runs.
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' https: http:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SAFE_HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
