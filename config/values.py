"""The values a configuration is made of: durations, sizes, slugs, URLs, addresses, secrets.

Each checker takes what TOML gave and returns what Feedmill uses, or raises Wrong with what is
wrong and what would be right.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from pydantic_core import PydanticCustomError

from aggregator.identity.urls import address_key, is_plain, is_web
from config.lines import Path as KeyPath
from feeds.text import slugify

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RESERVED = frozenset(
    ("desk", "api", "healthz", "readyz", "metrics", "static", "feeds", "websub", "robots")
) | {"favicon"}
"""Slugs that the server needs for itself."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d|w)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_WORDY = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)(s|m|h|d|w)"
    r"((?<=s)ec(?:ond)?s?|(?<=m)in(?:ute)?s?|(?<=h)(?:ou)?rs?|(?<=d)ays?|(?<=w)eeks?|)"
)
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)?")
_BYTES = {"B": 1, "kB": 1000, "KB": 1000, "MB": 10**6, "GB": 10**9}
_BYTES |= {"KiB": 1024, "MiB": 2**20, "GiB": 2**30}
_LONGEST = 520 * _SECONDS["w"]
_LARGEST = 10**9
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_ARGON2 = re.compile(r"\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def wrong(text: str, discreet: str = "") -> PydanticCustomError:
    """The complaint of one value: what is wrong, what would be right. `discreet`: the same without
    anything of the value, for keys where it may be a secret (config.discretion)."""
    # Braces are pydantic's template syntax.
    return PydanticCustomError("wrong", "{text}", {"text": text, "discreet": discreet})


def wrong_inside(faults: Sequence[tuple[KeyPath, str]]) -> PydanticCustomError:
    """The complaints of a value with several inside: (path from it, complaint) of each."""
    text = "; ".join(each for _, each in faults)
    return PydanticCustomError("wrong", "{text}", {"text": text, "faults": tuple(faults)})


def plain(text: str) -> PydanticCustomError:
    """A complaint that repeats nothing of the value."""
    return wrong(text, text)


def duration(value: Any) -> float:
    """Seconds, of "90s", "15m", "1h", "2d", "1w"."""
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        likely = _likely_duration(value)
        raise wrong(f"{shown(value)} is no duration; write {likely}")
    seconds = float(found[1]) * _SECONDS[found[2]]
    if seconds <= 0:
        raise wrong(f'{shown(value)} must be more than nothing; write one like "30s" or "0.1s"')
    if seconds > _LONGEST:
        raise wrong(f"{shown(value)} is too long; ten years (520w) at most")
    return seconds


def waiting(value: Any) -> float:
    """Seconds, of a duration that may be nothing: "0s"."""
    none = isinstance(value, str) and re.fullmatch(r"0+(\.0+)?\s*[smhdw]", value.strip())
    return 0.0 if none else duration(value)


def _likely_duration(value: Any) -> str:
    """What was meant by `7 days`, `1h30m`, `PT15M`."""
    text = value.replace(" ", "") if isinstance(value, str) else ""
    if text.startswith("PT"):
        text = text[2:].lower()
    pieces = _WORDY.findall(text)
    if not pieces or "".join("".join(each) for each in pieces) != text:
        return 'one like "30s", "15m", "1h" or "2d"'
    if len(pieces) == 1:
        return f'"{pieces[0][0]}{pieces[0][1]}"'
    seconds = sum(float(number) * _SECONDS[unit] for number, unit, _ in pieces)
    return f'"{seconds / 60:g}m"' if seconds % 60 == 0 else f'"{seconds:g}s"'


def size(value: Any) -> int:
    """Bytes, of "10MB", "512KiB", or a plain number."""
    if isinstance(value, int) and not isinstance(value, bool):
        amount = min(value, 2 * _LARGEST)
    else:
        found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        scale = _BYTES[found[2] or "B"] if found else 0
        amount = int(min(float(found[1]) * scale, 2 * _LARGEST)) if found else 0
    if amount <= 0:
        raise wrong(f'{shown(value)} is no size; write one like "10MB" or "512KiB"')
    if amount > _LARGEST:
        raise wrong(f'{shown(value)} is too large; "1GB" at most')
    return amount


def networks(value: Any) -> bool | tuple[str, ...]:
    """`allow_private`: true, false, or a list of networks."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, list):
        raise wrong(f'{shown(value)} must be true, false or a list like ["10.0.0.0/8"]')
    faults = [((at,), fault) for at, each in enumerate(value) if (fault := no_network(each))]
    if faults:
        raise wrong_inside(faults)
    return tuple(value)


def no_network(value: Any) -> str:
    """What is wrong with one; "" for a right one."""
    try:
        if not isinstance(value, str):  # ip_network takes 1 for 0.0.0.1
            raise ValueError
        ipaddress.ip_network(value)
    except ValueError:
        return f"{shown(value)} is no network; write {_likely_network(value)}"
    return ""


def _likely_network(value: Any) -> str:
    try:
        if isinstance(value, str):
            return f'"{ipaddress.ip_network(value, strict=False)}"'
    except ValueError:
        pass
    return 'one like "10.0.0.0/8"'


def slug(value: str) -> str:
    """A category's name in addresses."""
    if not SLUG.fullmatch(value) or len(value) > 64:
        raise wrong(
            f"{shown(value)} is no slug; use small letters, digits and single hyphens, 64 at most"
            + (f', like "{likely}"' if (likely := slugify(value)[:64].strip("-")) else "")
        )
    if value in RESERVED:
        raise wrong(
            f"{shown(value)} is an address that the server needs; choose another slug, "
            f'like "my-{value}"'
        )
    return value


def web_url(value: Any) -> str:
    """An http(s) URL with a host."""
    if not isinstance(value, str):
        text = "must be a text in quotes"
        raise wrong(f"{text}, not {shown(value)}", text)
    if not _is_web_url(value.strip()):
        text = "is no web address; write"
        likely = _likely_url(value.strip())
        raise wrong(f"{redacted(value)} {text} {likely}", f"{text} {_WEB_FORM}")
    return value.strip()


_WEB_FORM = '"https://host/path"'


def _likely_url(url: str) -> str:
    """What was meant, where that gives no secret away."""
    form = _WEB_FORM
    plain = re.split(r"[?#]", url, maxsplit=1)[0]
    if "@" in plain or not plain.isprintable():
        return form
    if " " in plain and _is_web_url(plain.replace(" ", "%20")):
        return f'"{plain.replace(" ", "%20")}", a space as %20'
    if re.match(r"https?://[^/]+:\d{5,}", plain):
        return f"{form}, a port up to 65535"
    bare = re.sub(r"^(feed:)?(https?:/(?=[^/])|//)?", "", plain, flags=re.IGNORECASE)
    likely = bare if re.match(r"https?://", bare) else f"https://{bare}"
    if not _is_web_url(likely) or bare[0] in "/.=":
        return form
    top = (urlsplit(likely).hostname or "").rpartition(".")
    # A dot parts a host, but in `feed.xml` a file's kind.
    return f'"{likely}"' if top[0] and top[2] not in ("xml", "rss", "atom", "html", "php") else form


def _is_web_url(url: str) -> bool:
    if is_plain(url):
        return True
    if not is_web(url):
        return False
    # The two parsers must agree on the host, else what is checked is not what is dialled.
    clean = not re.search(r"[\s\x00-\x1f\\]", url)
    host = urlsplit(url).hostname or ""
    return clean and all(host.rstrip(".").split(".")) and address_key(url) is not None


def site_url(value: Any) -> str:
    """The public address: a web URL to which paths can be added."""
    url = web_url(value)
    if "?" in url or "#" in url or "@" in urlsplit(url).netloc:
        raise wrong(
            f"{redacted(url)} must be host and path only: no user, query or fragment; "
            'write one like "https://news.example.org"'
        )
    if not _URI.fullmatch(url):
        # The addresses of all feeds are made of it, and those must be URIs (RFC 3986).
        raise wrong(f"{redacted(url)} has characters that no address may have; {_encoded(url)}")
    return url


_URI = re.compile(r"[!$&'()*+,./0-9:;=@A-Z_a-z~%\[\]-]+")


def _encoded(url: str) -> str:
    """What would be right."""
    parts = urlsplit(url)
    try:
        host = parts.netloc.encode("idna").decode()
    except UnicodeError:
        host = ""
    right = f"{parts.scheme}://{host}{quote(parts.path, safe='/%')}"
    return f'write "{right}"' if host and _URI.fullmatch(right) else "write them as %xx"


def redacted(url: str) -> str:
    """A URL as a complaint may show it: without userinfo and query, which can hold secrets, also
    where it is no URL at all (`user:password@host`)."""
    return one_line_of(f'"{_without_secrets(url)}"')


_HOST_FIRST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[A-Za-z0-9.-]+(?::[0-9]{1,5})?/")


def _without_secrets(url: str) -> str:
    scheme = re.match(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?//", url)
    start = scheme.end() if scheme else 0
    # A password may hold / and @, as whoever writes it by hand doesn't encode it; so what stands
    # before the last @ is left out, unless a host is all that stands before the path.
    at = -1 if _HOST_FIRST.match(url.strip()) else url.rfind("@")
    if at >= start:
        url = f"{url[:start]}…{url[at:]}"
    return re.split(r"[?#]", url, maxsplit=1)[0]


def is_public_host(host: str) -> bool:
    """Whether others may reach a host of that name: no private address, no name of this machine
    or of a home network (RFC 6761, 6762, 8375). Nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        name = host.lower().rstrip(".")
    local = ("localhost", "local", "internal", "test", "example", "invalid", "home.arpa")
    return "." in name and not name.endswith(tuple(f".{each}" for each in local))


class Address(NamedTuple):
    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def everywhere(self) -> bool:
        """Whether it means every address of the machine."""
        return self.host in ("0.0.0.0", "::", "*", "")  # noqa: S104 - compared, not bound


def address(value: Any) -> Address:
    """`host:port`, `[v6]:port`."""
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise wrong(f'{shown(value)} is no address; write "host:port", like "127.0.0.1:8080"')
    if host in ("", "*"):
        return Address("0.0.0.0", int(port))  # noqa: S104 - asked for
    if host.startswith("[") and host.endswith("]") and ":" in host:
        host = host[1:-1]
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        # A name whose last label is a number is an address of another spelling (0, 127.1).
        if not _HOST.fullmatch(host) or host.rpartition(".")[2].isdigit():
            text = f'{shown(value)}: no such host; write "host:port", like "127.0.0.1:8080"'
            raise wrong(text) from None
    return Address(host, int(port))


def database_url(url: str, folder: Path) -> str:
    """With the path of a SQLite file made absolute; its password is never shown."""
    if url.startswith("sqlite:///"):
        place = url.removeprefix("sqlite:///")
        if "?" in place:
            text = 'options are not understood; write "sqlite:///path" alone'
            raise plain(text)
        return url if place in ("", ":memory:") else f"sqlite:///{folder / place}"
    try:
        parts = urlsplit(url)
        if parts.scheme in ("postgresql+psycopg", "postgresql") and (parts.port or 1) > 0:
            return "postgresql+psycopg://" + url.partition("://")[2]
    except ValueError:
        pass
    text = 'no database that Feedmill knows; write "sqlite:///var/feedmill.db" or '
    text += '"postgresql+psycopg://user@host/name"'
    raise plain(text)


def is_header_name(name: str) -> bool:
    """By its characters (RFC 9110, 5.1)."""
    return _HEADER.fullmatch(name) is not None


def header_name(name: str) -> str:
    if not is_header_name(name):
        # `Authorization: Bearer …` all in one: the name holds the secret.
        raise plain('there is a name that no header has (RFC 9110); write one like "X-Api-Key"')
    if name.lower() in _OURS:
        raise plain(f"{shown(name)} is a header that Feedmill sets itself; remove it")
    return name


def header_text(value: str) -> str:
    if not (value.isprintable() and value.isascii()):
        text = "the value must be printable ASCII on one line; write one header for each key"
        raise plain(text)
    return value


_OURS = frozenset(
    ("accept-encoding", "a-im", "connection", "content-length", "host", "if-modified-since")
) | {"if-none-match", "if-range", "range", "te", "transfer-encoding", "upgrade"}
"""Headers that conditional requests and the transport stand on."""


def login(text: str) -> tuple[str, str]:
    """`auth`: "user:password" (RFC 7617: the user has no colon). Complaints don't show it."""
    user, colon, password = text.partition(":")
    if not (user and colon and text.isprintable()):
        text = 'must read "user:password", on one line'
        raise plain(text)
    return user, password


def is_address(text: str) -> bool:
    """Whether an entry of `include` lies elsewhere."""
    return text.lower().startswith(("http://", "https://"))


def password_hash(text: str) -> str:
    """What `feedmill password` printed. Complaints don't show it: it may be the password."""
    if not _ARGON2.fullmatch(text):
        text = "must be the line that `feedmill password` prints ($argon2id$…), not the password"
        raise plain(text)
    return text


def proxy(text: str) -> str:
    """`proxy`: a URL, or "" for none. Complaints don't show it: it may hold a password."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https", "socks5h") and bool(parts.hostname)
        good = good and (parts.port is None or parts.port > 0) and parts.path in ("", "/")
    except ValueError:
        good = False
    if text and (not good or not text.isprintable() or " " in text):
        text = 'is no proxy; write "http://host:port", "https://…" or "socks5h://…"'
        raise plain(text)
    return text.rstrip("/")


def ca_file(path: Path) -> Path:
    """A file with PEM certificates."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise wrong(f"{path.name}: holds no certificates (PEM)") from None
    except OSError as error:
        raise wrong(f"{path.name}: {error.strerror}") from error
    if not context.cert_store_stats()["x509"]:
        raise wrong(f"{path.name}: holds no certificates (PEM)")
    return path


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that stands elsewhere: in the environment or in a file."""

    env: str | None = None
    file: str | None = None

    def value(self, folder: Path) -> str:
        """Raises Wrong when it is not there."""
        if self.env is not None:
            if not (found := os.environ.get(self.env)):
                # Some write the secret itself there.
                name = f" {self.env}" if _VARIABLE.fullmatch(self.env) else ""
                text = (
                    f"the environment variable{name} is not set; set it where Feedmill is started"
                )
                raise plain(text)
            return found
        path = folder / str(self.file)
        try:
            found = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            text = f"the secret file {self.file} can't be read: {reason}; write the path of one"
            raise plain(text) from error
        if not found:
            text = f"the secret file {self.file} is empty; write the secret into it"
            raise plain(text)
        return found


def secret_url(secret: Secret, folder: Path) -> str:
    """A web URL that stands elsewhere; a complaint shows nothing of it."""
    found = secret.value(folder)
    try:
        return web_url(found)
    except ValueError:
        where = secret.env or secret.file
        text = f"what {where} holds is no web address; it must be like {_WEB_FORM}"
        raise plain(text) from None


def text_or_secret(value: Any) -> str | Secret:
    if isinstance(value, str):
        return value
    keys = set(value) if isinstance(value, dict) else set()
    if keys not in ({"env"}, {"file"}) or not isinstance(next(iter(value.values())), str):
        text = 'must be a text, or { env = "NAME" }, or { file = "path" }'
        raise plain(text)
    return Secret(**value)


def shown(value: Any) -> str:
    """A value as a complaint shows it: short, on one line, without what is a secret by its looks
    (what is one by its key is not for complaints at all: config.discretion)."""
    if isinstance(value, bool):
        return str(value).lower()
    if value and isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, str) and re.search(r"://|@|\?[\w.-]+=", value):
        return redacted(value)
    return one_line_of(f'"{value}"' if isinstance(value, str) else str(value))


def one_line_of(text: str, most: int = 80) -> str:
    """So many characters, without those that would break a line or steer a terminal."""
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= most else text[: most - 1] + "…"
