"""The forms of an HTML page, as a browser without scripts would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """One form: where it goes, what it holds, and the buttons that send it."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)  # name and value

    def pressed(self, value: str) -> dict[str, str | list[str]]:
        """What is sent when the button with this value is pressed."""
        name = next(name for name, given in self.buttons if given == value)
        return {**self.fields, name: value}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.tags: list[str] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "form":
            assert given["method"] == "post"
            self.forms.append(Form(given.get("action", "")))
        if not self.forms:
            return
        form = self.forms[-1]
        match tag:
            case "button" if given.get("type") != "button":
                form.buttons.append((given.get("name", ""), given.get("value", "")))
            case "input" if given["type"] == "hidden" or "checked" in given:
                form.fields.setdefault(given["name"], []).append(given["value"])
            case "select":
                self._select = given["name"]
            case "option" if "selected" in given:
                form.fields[self._select] = [given["value"]]


def forms(page: str) -> list[Form]:
    """Return the forms of a page in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms


def tags(page: str) -> set[str]:
    """Return the kinds of elements that a page has."""
    reader = _Reader()
    reader.feed(page)
    return set(reader.tags)
