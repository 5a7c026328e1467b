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
# Numbers without a name in pycurl: 92 CURLE_HTTP2_STREAM, 100 CURLE_TOO_LARGE.
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


def fetch_error(number: int, handle: pycurl.Curl, *, begun: bool) -> FetchError:
    """The error for CURLE number. `begun`: part of the body had come."""
    if number in (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_RESOLVE_PROXY):
        return DnsError("the host name does not resolve")
    if number == pycurl.E_OPERATION_TIMEDOUT:
        return TooSlow("not done within the time limit")
    if number == pycurl.E_COULDNT_CONNECT:
        return _not_connected(handle.getinfo(pycurl.OS_ERRNO))
    if number == pycurl.E_PARTIAL_FILE or (begun and number in _BROKEN):
        return Truncated("the connection ended before the body did")
    if number == pycurl.E_PEER_FAILED_VERIFICATION:
        result = handle.getinfo(pycurl.SSL_VERIFYRESULT)
        return TlsError(_VERIFY.get(result, f"the certificate does not verify ({result})"))
    if number in _TLS:
        return TlsError(_TLS[number])
    if number == pycurl.E_URL_MALFORMAT:
        return BadRedirect("no usable address")
    if number == 100:
        return TooLarge("the headers are too large")
    return ConnectionFailed(_BROKEN.get(number, f"the transfer failed (libcurl error {number})"))


def _not_connected(system: int) -> FetchError:
    if system == errno.ECONNREFUSED:
        return ConnectionRefused("the server refuses connections")
    names = {
        errno.EHOSTUNREACH: "no route to the host",
        errno.ENETUNREACH: "the network can't be reached",
        errno.ETIMEDOUT: "the server does not answer",
    }
    return ConnectionFailed(names.get(system, "no connection could be made"))
