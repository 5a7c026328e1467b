"""libcurl's error numbers → the family of errors. Messages carry no address (E32)."""

from __future__ import annotations

import errno

import pycurl

from feeds.errors import (
    BadRedirect,
    ConnectionFailed,
    ConnectionRefused,
    DnsError,
    FetchError,
    TlsError,
    TooLarge,
    TooSlow,
    Truncated,
)

_VERIFY = {
    9: "the certificate is not yet valid",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "the certificate's issuer is unknown (self-signed in its chain)",
    20: "the certificate's issuer is unknown",
    21: "the certificate's issuer is unknown (incomplete chain)",
    0: "the certificate is for another host",
    1: "the certificate is for another host",
    62: "the certificate is for another host",
}
"""X509_V_ERR numbers of OpenSSL, as SSL_VERIFYRESULT tells them."""

_TLS = {
    pycurl.E_SSL_CONNECT_ERROR: "the TLS handshake failed",
    pycurl.E_SSL_CACERT_BADFILE: "the file of trusted certificates can't be read",
    pycurl.E_SSL_CERTPROBLEM: "our own certificate can't be used",
    pycurl.E_SSL_CIPHER: "no common cipher",
    pycurl.E_SSL_ISSUER_ERROR: "the certificate's issuer is wrong",
}
# Numbers without a name in pycurl: 92 CURLE_HTTP2_STREAM, 97 CURLE_PROXY, 100 CURLE_TOO_LARGE.
_PROXY = 97
_BROKEN = {
    pycurl.E_GOT_NOTHING: "the server closed the connection without an answer",
    pycurl.E_SEND_ERROR: "the connection broke while sending",
    pycurl.E_RECV_ERROR: "the connection broke while receiving",
    pycurl.E_UNSUPPORTED_PROTOCOL: "the answer is not HTTP",
    pycurl.E_FTP_WEIRD_SERVER_REPLY: "the answer is not HTTP",
    pycurl.E_HTTP2: "the HTTP/2 connection broke",
    92: "the HTTP/2 stream broke",
    pycurl.E_BAD_CONTENT_ENCODING: "the transfer coding is broken",
}


def fetch_error(
    number: int, handle: pycurl.Curl, *, begun: bool, proxied: bool = False
) -> FetchError:
    """The error for CURLE number. `begun`: part of the body had come."""
    if number == pycurl.E_COULDNT_RESOLVE_HOST:
        return DnsError("the host name does not resolve")
    if (of_proxy := _of_proxy(number, handle)) is not None:
        return of_proxy
    if number == pycurl.E_OPERATION_TIMEDOUT:
        return TooSlow("not done within the time limit")
    if number == pycurl.E_COULDNT_CONNECT:
        who = "proxy" if proxied else "server"
        return _not_connected(handle.getinfo(pycurl.OS_ERRNO), who)
    if number == pycurl.E_PARTIAL_FILE or (begun and number in _BROKEN):
        return Truncated("the connection ended before the body did")
    if number == pycurl.E_PEER_FAILED_VERIFICATION:
        result = handle.getinfo(pycurl.SSL_VERIFYRESULT)
        return TlsError(_VERIFY.get(result, f"the certificate does not verify ({result})"))
    if number in _TLS:
        return TlsError(_TLS[number])
    if "SSL" in (told := handle.errstr()) and " alert " in told:
        # In TLS 1.3 a server refuses our part of the handshake after we think that it is over.
        return TlsError("the server ended the TLS handshake")
    if number == pycurl.E_URL_MALFORMAT:
        return BadRedirect("no usable address")
    if number == 100:
        return TooLarge("the headers are too large")
    return ConnectionFailed(_BROKEN.get(number, f"the transfer failed (libcurl error {number})"))


def _of_proxy(number: int, handle: pycurl.Curl) -> FetchError | None:
    if number == pycurl.E_COULDNT_RESOLVE_PROXY:
        return DnsError("the proxy's host name does not resolve")
    if number == _PROXY:
        return ConnectionFailed("the proxy makes no connection")
    if (said := handle.getinfo(pycurl.HTTP_CONNECTCODE)) >= 400:
        why = " (it wants credentials)" if said == 407 else ""
        return ConnectionFailed(f"the proxy makes no connection: {said}{why}")
    return None


def _not_connected(system: int, who: str) -> FetchError:
    if system == errno.ECONNREFUSED:
        return ConnectionRefused(f"the {who} refuses connections")
    names = {
        errno.EHOSTUNREACH: "no route to the host",
        errno.ENETUNREACH: "the network can't be reached",
        errno.ETIMEDOUT: f"the {who} does not answer",
    }
    return ConnectionFailed(names.get(system, "no connection could be made"))
