"""Networks by name. A new one is a file beside this one, a row here and a row in `facts`."""

from collections.abc import Callable

from torch import nn

from wassr.networks.compact import Compact

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "compact": Compact,
}
