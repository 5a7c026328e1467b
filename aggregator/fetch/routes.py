"""Whom a connection trusts and what it goes through, as options of libcurl."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi
import pycurl

Options = list[tuple[int, object]]

_SUPPRESS_CONNECT_HEADERS = 265
"""CURLOPT_SUPPRESS_CONNECT_HEADERS, which pycurl has no name for."""


def ca_options(extra: Path | None) -> Options:
    """Which certificates to trust: the operator's environment, else the system's folder (it costs
    a tenth of the memory of a bundle), else certifi's bundle; and those of the file `extra` too.
    """
    bundle = os.environ.get("SSL_CERT_FILE")
    folder = ssl.get_default_verify_paths().capath
    if not bundle and folder and any(Path(folder).glob("*.0")):
        # OpenSSL looks in both.
        return _trusting(pycurl.CAPATH, folder) + (
            _trusting(pycurl.CAINFO, str(extra)) if extra else []
        )
    bundle = bundle or certifi.where()
    if extra is None:
        return _trusting(pycurl.CAINFO, bundle)
    # libcurl takes one file; a second setting would replace the first.
    return _trusting(pycurl.CAINFO_BLOB, Path(bundle).read_bytes() + b"\n" + extra.read_bytes())


_OF_PROXY = {
    pycurl.CAPATH: pycurl.PROXY_CAPATH,
    pycurl.CAINFO: pycurl.PROXY_CAINFO,
    pycurl.CAINFO_BLOB: pycurl.PROXY_CAINFO_BLOB,
}


def _trusting(option: int, value: object) -> Options:
    """For servers and for a proxy that speaks TLS."""
    return [(option, value), (_OF_PROXY[option], value)]


def proxy_options(proxy: str) -> Options:
    """`proxy` "": none. Both are said outright, since libcurl else reads http_proxy, all_proxy and
    no_proxy in the environment."""
    options: Options = [(pycurl.PROXY, proxy), (pycurl.NOPROXY, "")]
    if proxy:
        # The answer to CONNECT is the proxy's: a 410 or 429 there says nothing of the source.
        options.append((_SUPPRESS_CONNECT_HEADERS, 1))
        # What is for the server is not told in CONNECT (E32).
        options.append((pycurl.HEADEROPT, pycurl.HEADER_SEPARATE))
    return options
