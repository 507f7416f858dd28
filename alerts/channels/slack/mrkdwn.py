"""Slack's mark-up: what is said by others is shown as they said it and does nothing.

https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from urllib.parse import quote, urlsplit

from alerts.channels.text import CUT, clean, moment

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Look-alikes of the characters that switch a style on; an underscore inside a word is harmless and stays.
_STYLES = str.maketrans({"*": "\u2217", "`": "\u02cb", "~": "\u223c"})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_BROADCAST = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # invisible; keeps "@here" from being one word to Slack
_OPEN_TAG = re.compile(r"<[^>]*$")
_OPEN_ENTITY = re.compile(r"&[a-z]*$")


def escape(text: str) -> str:
    """Return text that means only itself: Slack asks for exactly these three entities."""
    return re.sub("[&<>]", lambda found: _ENTITIES[found[0]], text)


def say(text: str, limit: int = 500) -> str:
    """Return foreign text without styles, mentions or links, at most ``limit`` characters before escaping."""
    plain = _BROADCAST.sub("@" + _WORD_JOINER, clean(text, limit).translate(_STYLES))
    return escape(_EDGE_UNDERSCORE.sub("\u02cd", plain))


def code(text: str, limit: int = 120) -> str:
    """Return a foreign name in fixed width."""
    return f"`{escape(clean(text, limit).replace('`', chr(0x2CB))) or '?'}`"


def link(address: str, label: str) -> str:
    """Return a link to a web address; anything else is shown as text, without a link."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return say(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc or len(address) > 2000:
        return say(address)
    # "|" and ">" would end the address inside the tag.
    return f"<{escape(quote(address, safe=':/?#[]@!$&()*+,;=%~-._'))}|{label}>"


def date(at: float, form: str = "{date_short_pretty}, {time}") -> str:
    """Return a time that Slack shows in each reader's own zone, with UTC for those who see no mark-up."""
    when = moment(at)
    return f"<!date^{int(at)}^{form}|{when:%Y-%m-%d %H:%M} UTC>" if when is not None else "at an unknown time"


def cut(text: str, limit: int) -> str:
    """Return marked-up text of at most ``limit`` characters, cut outside tags and entities, saying so."""
    if len(text) <= limit:
        return text
    head = text[: limit - len(CUT) - 1]  # one for a back-tick that closes a name
    head = _OPEN_ENTITY.sub("", _OPEN_TAG.sub("", head))
    boundary = max(head.rfind(" "), head.rfind("\n"))
    if boundary > len(head) // 2 and not _OPEN_TAG.search(head[:boundary]):
        head = head[:boundary]
    return head.rstrip() + ("`" if head.count("`") % 2 else "") + CUT
