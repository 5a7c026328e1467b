"""One piece of advice for each way that a source can stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from config.standing import Standing
from feeds.models import SourceState

ADVICE: Mapping[str, str] = {
    "dns": "Its host has no address. Look whether the domain still exists; a typo in the URL "
    "shows so too.",
    "refused": "Nothing listens at that host and port. Look whether the site is up, and at the "
    "port in the URL.",
    "connection": "The connection breaks. Mostly it mends itself; if only you see it, look at "
    "your network and proxy.",
    "tls": "Its certificate can't be trusted. Tell the publisher; for a CA of your own, "
    "configure its file.",
    "address": "Its host has a private address. If you want that, name the network in "
    "`allow_private`.",
    "too-slow": "It does not answer in time. Give it a longer `timeout` if it is worth it.",
    "too-large": "The document is larger than `max_body`. Look for a shorter feed of that site, "
    "or raise the limit.",
    "truncated": "The body ends too early. Mostly it mends itself; else tell the publisher.",
    "encoding": "Its Content-Encoding can't be undone. Tell the publisher.",
    "redirects": "It redirects in circles. Look for the feed's new address in a browser, and "
    "configure that one.",
    "bad-redirect": "It redirects to something that is no web address. Look for the feed's new "
    "address.",
    "http": "The server answers with an error. Look at the URL in a browser; tell the publisher.",
    "rate-limited": "The server asks for fewer requests, and Feedmill waits as long as it says. "
    "If it goes on, set a longer `every` for this source.",
    "gone": "The publisher says that the feed is gone for good. Remove the source (its articles "
    "stay), or configure its new address with `was`.",
    "blocked": "A bot check or a login page came instead of the feed. Ask the publisher to let "
    "feed readers through; Feedmill keeps to its own name.",
    "file": "The file can't be opened. Look at its path and at who may read it.",
    "not-a-feed": "A page came where a feed was expected. `feedmill add URL` finds the feeds "
    "that a page names.",
    "empty": "An empty document came. Mostly it mends itself; else tell the publisher.",
    "read": "The document can't be read. `feedmill preview URL` shows what came; tell the "
    "publisher.",
    "read-too-slow": "Reading the document takes too long. `feedmill preview URL` shows what came.",
    "read-too-hungry": "Reading the document takes too much memory. Look for a shorter feed of "
    "that site.",
    "read-crashed": "Reading the document crashed its reader. Please report it to Feedmill with "
    "the document.",
    "store": "Its articles could not be written to the database. `feedmill check` looks at the "
    "database; please report it to Feedmill.",
    "fetch": "The request could not be made. Look at the URL and the headers of this source.",
}
"""By `PollError.kind`. "host-busy" has none: a poll without a turn is put off, and is no failure.
"store" is what the database can't hold; while it can't be written at all, polling waits for it."""

BY_STATUS: Mapping[int, str] = {
    401: "The server wants credentials. Give this source `auth` or `headers`, with the secret by "
    "reference.",
    403: "The server forbids it: to everyone, to feed readers or to this network. Look at the URL "
    "in a browser, and ask the publisher.",
    404: "There is no feed at this address. Look for its new one on the site, and configure that "
    "with `was`; its articles stay.",
    500: "The server has trouble of its own. Mostly it mends itself; else tell the publisher.",
}
"""Of the kind "http"; 500 stands for all from there on."""

OTHER: Mapping[str, str] = {
    "quiet": "It answers, and nothing new comes, for much longer than ever before. Look whether "
    "the site goes on elsewhere.",
    "paused": "Take `paused` out of its configuration to have it polled again.",
    "new": "It was not polled yet: `feedmill run` or `feedmill poll` does.",
}
AT_DESK: Mapping[str, str] = {
    "address": "Its host has a private address. If you want that, an admin allows it below, under "
    "“More”.",
    "not-a-feed": "A page came where a feed was expected. Give the page's address to “Add”: it "
    "finds the feeds that a page names.",
    "read": "The document can't be read. “Look at it now” below shows what came; tell "
    "the publisher.",
    "read-too-slow": "Reading the document takes too long. “Look at it now” below shows what came.",
    "gone": "The publisher says that the feed is gone for good. Remove the source (its articles "
    "stay), or give it its new address below.",
    "redirects": "It redirects in circles. Look for the feed's new address in a browser, and give "
    "it that one below.",
    "paused": "“End the pause” has it polled again.",
    "new": "It was not polled yet; it is in its turn, or at once by “Poll now”.",
}
"""What is told otherwise at the desk, where buttons do it."""
NOT_THERE_AT_DESK = (
    "There is no feed at this address. Look for its new one on the site, and put that into its "
    "settings below; its articles stay."
)
RETRY_AT_DESK = " “Poll now” tries it at once."
RETRY = " `feedmill poll --source {id} --now` tries it at once."


def advice(
    state: SourceState, stands: Standing, status: int | None, *, at_desk: bool = False
) -> str:
    """For how it stands after an answer of that status; nothing when there is nothing to do."""
    said = {**ADVICE, **OTHER, **(AT_DESK if at_desk else {})}
    if stands.word in OTHER:
        return said[stands.word]
    if state.error_kind is None:
        return ""
    text = said.get(state.error_kind, "See the error above.")
    if state.error_kind == "http" and status is not None:
        text = BY_STATUS.get(min(status, 500), text)
        text = NOT_THERE_AT_DESK if at_desk and status == 404 else text
    if state.error_kind == "rate-limited":
        return text
    return text + (RETRY_AT_DESK if at_desk else RETRY.format(id=state.id))
