"""WebSub with a real hub over HTTP: E30, P35, and the subscriber's part of the WebSub checklist."""

from __future__ import annotations

import hmac
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.flows.command import Installation, Site, alive, children, free_port, rss, until
from tests.hub import Hub
from tests.origin import Origin

pytestmark = pytest.mark.slow

TOPIC = "https://topic.test/the-feed"
CONFIG = """
[websub]
enabled = true
[[sources]]
url = "{url}"
every = "{every}"
"""


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as found:
        yield found


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub.running() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, origin: Origin) -> Installation:
    """One source that is polled once an hour; its hub is the test's matter."""
    found = Installation(tmp_path)
    found.configure(CONFIG.format(url=origin.url("/feed"), every="1h"))
    return found


def announce(origin: Origin, hub: str, *items: str, topic: str = TOPIC) -> None:
    """Serve the feed with its hub and topic in two links of one header."""
    headers = {"Link": f'<{hub}>; rel="hub", <{topic}>; rel="self"; title="a, b"'}
    origin.serve("/feed", rss(*items), headers=headers, etag=True)


def subscribed(site: Site, hub: Hub, times: int = 1) -> dict[str, str]:
    """The last form that the hub was sent, when it has been verified so many times."""
    assert until(lambda: hub.accepted() >= times, 30), site.log.read_text()
    return hub.requests()[-1]


def ask(callback: str, **query: str) -> tuple[int, bytes]:
    """A hub's GET: mode="subscribe" is hub.mode …"""
    named = urlencode({f"hub.{name}": value for name, value in query.items()})
    return _answer(urllib.request.Request(f"{callback}?{named}"))


def post(callback: str, body: bytes, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return _answer(urllib.request.Request(callback, data=body, headers=given, method="POST"))[0]


def _answer(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def sign(form: dict[str, str], body: bytes, method: str = "sha256") -> str:
    return f"{method}={hmac.new(form['hub.secret'].encode(), body, method).hexdigest()}"


def test_pushed(here: Installation, origin: Origin, hub: Hub) -> None:
    """Discovered in headers, subscribed to the self URL, verified; a signed delivery is published
    although nothing was polled, and the validators of the last poll are still its own."""
    announce(origin, hub.url, "one")
    with here.running() as site:
        form = subscribed(site, hub)
        assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", TOPIC)
        assert form["hub.lease_seconds"] == str(7 * 86_400)
        assert 40 <= len(form["hub.secret"]) < 200
        base, _, token = form["hub.callback"].rpartition("/")
        assert (base, len(token)) == (site.url("/websub"), 43)
        assert form["user-agent"].startswith("Feedmill/")
        assert form["cookie"] == ""
        for method in ("sha1", "sha256", "sha384", "sha512"):
            assert hub.publish(TOPIC, rss(method, "one"), sign=method) == [202]
            site.wait_for("/all/rss.xml", f"Title of {method}")
        assert len(origin.asked("/feed")) == 1
        here.verb("poll", "--now")
        assert "if-none-match" in origin.asked("/feed")[1].headers
        assert len(here.json("articles")) == 5
    log = site.log.read_text()
    assert "why=WebSub" in log
    assert "topic.test" not in log
    assert token not in log
    assert form["hub.secret"] not in log


def test_the_web_servers_process(here: Installation, origin: Origin, hub: Hub) -> None:
    """The database's address is no argument that others could read; killed, the process comes back
    and hears hubs as before."""
    announce(origin, hub.url, "one")
    with here.running() as site:
        subscribed(site, hub)
        lines = {pid: _arguments(pid) for pid in children(site.process.pid)}
        assert not any(b"feedmill.db" in line for line in lines.values())
        [server] = [pid for pid, line in lines.items() if b"config.serving" in line]
        os.kill(server, signal.SIGKILL)
        assert until(lambda: not alive({server}))
        assert until(lambda: hub.publish(TOPIC, rss("pushed")) == [202])
        site.wait_for("/all/rss.xml", "Title of pushed")


def _arguments(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_what_is_not_the_hubs(here: Installation, origin: Origin, hub: Hub) -> None:
    """P35, §8: wrong or missing signatures get 2xx and are dropped; unknown callbacks, and
    verifications of another topic or mode or of nothing that we asked, get 404; replays change
    nothing, not even an entry that was edited since."""
    announce(origin, hub.url, "one")
    with here.running() as site:
        form = subscribed(site, hub)
        callback = form["hub.callback"]
        first, edited = (
            rss("two"),
            rss("two").replace(
                b"Text of two", b"Better text, with a few more words in it than before"
            ),
        )
        assert hub.publish(TOPIC, first) == [202]
        site.wait_for("/all/rss.xml", "Text of two")
        assert hub.publish(TOPIC, edited) == [202]
        site.wait_for("/all/rss.xml", "Better text")
        assert hub.publish(TOPIC, first) == [202]
        assert hub.publish(TOPIC, rss("bad"), sign="wrong") == [202]
        assert hub.publish(TOPIC, rss("unsigned"), sign="none") == [202]
        assert post(callback, rss("md5"), X_Hub_Signature=sign(form, rss("md5"), "md5")) == 202
        stranger = callback[:-4] + "AAAA"
        assert post(stranger, rss("bad"), X_Hub_Signature=sign(form, rss("bad"))) == 404
        asked = {"mode": "subscribe", "topic": TOPIC, "challenge": "c", "lease_seconds": "60"}
        assert ask(stranger, **asked)[0] == 404
        assert ask(callback, **asked)[0] == 404
        assert ask(callback, **asked | {"mode": "unsubscribe"})[0] == 404
        assert ask(callback, **asked | {"mode": "denied", "topic": "https://other.test/"})[0] == 404
        # What comes last is read last: nothing of the above will still appear.
        assert hub.publish(TOPIC, rss("last")) == [202]
        page = site.wait_for("/all/rss.xml", "Title of last").body
        assert b"Better text" in page
        for name in (b"bad", b"unsigned", b"md5"):
            assert b"Title of " + name not in page
    log = site.log.read_text()
    assert log.count('reason="wrong signature"') == 2
    assert log.count('reason="no signature"') == 1
    assert log.count("reason=replayed") == 1


def test_another_topic_or_mode_is_not_verified(
    here: Installation, origin: Origin, hub: Hub
) -> None:
    """A hub that asks after something else gets no challenge back, and no delivery is read."""
    announce(origin, hub.url, "one")
    hub.set(topic="https://evil.test/feed")
    with here.running() as site:
        assert until(lambda: hub.checks())
        assert hub.checks() == [{"mode": "subscribe", "status": 404, "echoed": False}]
        form = hub.requests()[0]
        body = rss("early")
        assert post(form["hub.callback"], body, X_Hub_Signature=sign(form, body)) == 410
        told = {"topic": TOPIC, "challenge": "c"}
        assert ask(form["hub.callback"], mode="unsubscribe", **told)[0] == 404
        # The request still waits for its verification, and has it now.
        right = ask(form["hub.callback"], mode="subscribe", lease_seconds="90", **told)
        assert right == (200, b"c")
        assert post(form["hub.callback"], body, X_Hub_Signature=sign(form, body)) == 202
        site.wait_for("/all/rss.xml", "Title of early")


def test_denied(here: Installation, origin: Origin, hub: Hub) -> None:
    """A denial, even long after the verification, ends it; the source is polled as before."""
    announce(origin, hub.url, "one")
    with here.running() as site:
        form = subscribed(site, hub)
        told = {"topic": TOPIC, "reason": "no more"}
        assert ask(form["hub.callback"], mode="denied", **told)[0] == 200
        body = rss("late")
        assert post(form["hub.callback"], body, X_Hub_Signature=sign(form, body)) == 410
        assert until(lambda: "polled again as without a hub" in site.log.read_text())
        assert 'reason="no more"' in site.log.read_text()
        assert len(hub.requests()) == 1


def test_renewed_then_lapsed(here: Installation, origin: Origin, hub: Hub) -> None:
    """E30: a renewal at half the lease; when it is not verified the lease lapses and polls go
    on."""
    here.configure(CONFIG.format(url=origin.url("/feed"), every="2s"))
    announce(origin, hub.url, "one")
    hub.set(lease=12)
    with here.running() as site:
        first = subscribed(site, hub)
        again = subscribed(site, hub, times=2)
        assert again == first
        assert "event=renewed" in site.log.read_text()
        hub.set(verify=False)
        assert until(lambda: "polled again as without a hub" in site.log.read_text(), 40)
        polls = len(origin.asked("/feed"))
        assert until(lambda: len(origin.asked("/feed")) > polls + 1)


@pytest.mark.parametrize("trouble", ["down", "refuses", "silent"])
def test_a_hub_in_trouble(here: Installation, origin: Origin, hub: Hub, trouble: str) -> None:
    """Down, refusing or never verifying: polling goes on, and the hub is not asked again at
    once."""
    here.configure(CONFIG.format(url=origin.url("/feed"), every="1s"))
    where = f"http://127.0.0.1:{free_port()}/" if trouble == "down" else hub.url
    hub.set(answer=503 if trouble == "refuses" else 202, verify=trouble != "silent")
    announce(origin, where, "one")
    with here.running() as site:
        if trouble == "silent":
            assert until(lambda: hub.requests())
        else:
            assert until(lambda: 'event="hub failed"' in site.log.read_text())
        announce(origin, where, "two", "one")
        site.wait_for("/all/rss.xml", "Title of two")
        polls = len(origin.asked("/feed"))
        assert until(lambda: len(origin.asked("/feed")) > polls + 3)
        assert [each["status"] for each in here.json("sources")] == ["ok"]
        assert len(hub.requests()) == (trouble != "down")
        assert site.log.read_text().count('event="hub failed"') == (trouble != "silent")


def test_redirecting_hubs_and_one_that_hurries(
    here: Installation, origin: Origin, hub: Hub
) -> None:
    """Checklist 203, 204: the request is repeated where the hub has moved to. A verification may
    come before the answer."""
    kinds = ("301", "302", "307", "308")
    hub.set(before=True)
    for kind in kinds:
        topic, moved = f"https://topic.test/{kind}", hub.url_of(f"/moved/{kind}")
        link = {"Link": f"<{moved}>; rel=hub, <{topic}>; rel=self"}
        origin.serve(f"/{kind}", rss(f"first {kind}"), headers=link)
    here.configure("[websub]\nenabled = true", sources=[origin.url(f"/{kind}") for kind in kinds])
    with here.running() as site:
        subscribed(site, hub, times=4)
        for kind in kinds:
            assert hub.publish(f"https://topic.test/{kind}", rss(f"pushed {kind}")) == [202]
            site.wait_for("/all/rss.xml", f"Title of pushed {kind}")
        callbacks = {form["hub.callback"] for form in hub.requests()}
        assert len(callbacks) == 4


def test_the_document_names_the_hub(here: Installation, origin: Origin, hub: Hub) -> None:
    """Checklist 102: an Atom feed's own links, when no header says anything; without rel=self the
    topic is what was fetched. The address of a secret source is in no log."""
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>urn:x:f</id>
      <updated>2026-01-01T00:00:00Z</updated><link rel="hub" href="{hub.url}"/>
      <entry><title>Entry one</title><id>urn:x:1</id><updated>2026-01-01T00:00:00Z</updated>
      </entry></feed>"""
    origin.serve("/hidden", atom.encode(), content_type="application/atom+xml")
    url = origin.url("/hidden")
    secret = f'[websub]\nenabled = true\n[[sources]]\nurl = "{url}"\nsecret_url = true\n'
    here.configure(secret)
    with here.running() as site:
        assert subscribed(site, hub)["hub.topic"] == url
        hub.publish(url, atom.replace("one", "two").replace("x:1", "x:2").encode())
        site.wait_for("/all/rss.xml", "Entry two")
    assert "/hidden" not in site.log.read_text()


@pytest.mark.parametrize("how", ["removed", "paused", "another hub", "off"])
def test_no_longer_wanted(here: Installation, origin: Origin, hub: Hub, how: str) -> None:
    """A source that is removed, paused, or names another hub: the old one is told, and verifies it.
    With WebSub off nothing is told, and there is no callback."""
    announce(origin, hub.url, "one")
    with here.running() as site:
        form = subscribed(site, hub)
    text = CONFIG.format(url=origin.url("/feed"), every="1h")
    if how == "removed":
        text = "[websub]\nenabled = true"
    elif how == "paused":
        text += "paused = true"
    elif how == "off":
        text = text.replace("true", "false")
    else:
        announce(origin, hub.url_of("/moved/307"), "one", "two")
    here.configure(text)
    if how == "another hub":
        here.verb("poll", "--now")
    with here.running() as site:
        if how == "off":
            assert until(lambda: "polled again as without a hub" in site.log.read_text())
            assert ask(form["hub.callback"], mode="subscribe", topic=TOPIC)[0] == 404
            assert post(form["hub.callback"], b"") == 405
            return
        subscribed(site, hub, times=2)
        ended = hub.requests()[1]
        assert ended["hub.mode"] == "unsubscribe"
        assert ended["hub.callback"] == form["hub.callback"]
        assert "hub.secret" not in ended
        if how == "another hub":
            anew = subscribed(site, hub, times=3)
            assert anew["hub.mode"] == "subscribe"
            assert anew["hub.callback"] != form["hub.callback"]
        else:
            assert until(lambda: ask(form["hub.callback"], mode="x", topic=TOPIC)[0] == 404)
            assert hub.publish(TOPIC, rss("late")) == []
