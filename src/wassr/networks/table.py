"""The table of networks: a new one is one file here, one row below and one row in `facts.py`.

Every constructor takes `scale` and the arguments named in its row of FACTS; forward maps low (N, planes, h, w) in
[0, 1] to (N, planes, scale·h, scale·w), which is added to the base outside. The checklist test runs over the table.
"""

from collections.abc import Callable

from torch import nn

from wassr.networks.compact import Compact
from wassr.networks.espcn import ESPCN
from wassr.networks.srresnet import SRResNet

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "compact": Compact,
    "espcn": ESPCN,
    "srresnet": SRResNet,
}
