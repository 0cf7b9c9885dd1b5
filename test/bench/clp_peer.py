"""Seconds that the reference way of CLP (one SVD a channel) takes on a ResNet-18 in PyTorch, compute only.

Usage: /usr/bin/python3 clp_peer.py PEERS_FOLDER WIDTH
"""
import sys
import time

import torch
import torch.nn as nn

sys.path.insert(0, sys.argv[1])
from net import ResNet18  # noqa: E402  (../shared/peers)

torch.set_num_threads(2)
torch.manual_seed(0)
net = ResNet18(int(sys.argv[2])).eval()
seconds = []
for _ in range(3):
    start, conv = time.perf_counter(), None
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            conv = module
        elif isinstance(module, nn.BatchNorm2d):
            scale = (module.weight / module.running_var.sqrt()).abs().detach()
            for k in range(len(scale)):
                torch.linalg.svdvals(conv.weight[k].detach().flatten(1) * scale[k])[0]
    seconds.append(time.perf_counter() - start)
print(sorted(seconds)[1])
