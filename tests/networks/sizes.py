"""Sizes of networks whose default is slow to test; a new one needs a line here only if it is slow, too."""

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "compact": {"channels": 16, "blocks": 2},
    "srresnet": {"blocks": 2, "width": 16},
}
# as deep as the default, but thin: the radius does not depend on the width
THIN: dict[str, dict[str, Any]] = {"compact": {"channels": 8}, "srresnet": {"width": 4}}
