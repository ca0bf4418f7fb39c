"""One thread: results repeat, and the machine's other work goes on."""

import torch

torch.set_num_threads(1)
