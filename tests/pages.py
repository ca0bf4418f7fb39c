"""What every page is held to, whoever made it."""

from html.parser import HTMLParser

EMPTY = {"meta", "img", "br", "input"}


class Checked(HTMLParser):
    """Counts tags, insists that they are closed in their order and that nothing points outside."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in EMPTY:
            self.open.append(tag)
        for name, value in attrs:
            assert name not in ("href", "onload"), (tag, name, value)
            assert name != "src" or (value or "").startswith("data:image/png;base64,")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(made: str) -> Checked:
    """The page, read whole; nothing is left open."""
    parser = Checked()
    parser.feed(made)
    assert parser.open == []
    return parser
