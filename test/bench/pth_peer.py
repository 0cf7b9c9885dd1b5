"""What PyTorch takes for what `scour scan` does with a .pth: torch.load, one SVD a channel, whole process.

Usage: /usr/bin/python3 pth_peer.py MODEL.pth
"""
import resource
import sys
import time

start = time.perf_counter()
import torch  # noqa: E402

imported = time.perf_counter()
torch.set_num_threads(2)
state = torch.load(sys.argv[1], map_location="cpu")
loaded = time.perf_counter()
for name, weight in state.items():
    if weight.dim() != 4:
        continue
    norm = name.replace("conv", "bn").replace("shortcut.0", "shortcut.1").removesuffix(".weight")
    scale = (state[norm + ".weight"] / state[norm + ".running_var"].sqrt()).abs()
    for k in range(len(scale)):
        torch.linalg.svdvals(weight[k].flatten(1) * scale[k])[0]
end = time.perf_counter()
used = resource.getrusage(resource.RUSAGE_SELF)
print(
    f"import {1000 * (imported - start):.0f} ms, torch.load {1000 * (loaded - imported):.0f} ms, "
    f"SVD {1000 * (end - loaded):.0f} ms, processor {1000 * (used.ru_utime + used.ru_stime):.0f} ms, "
    f"peak memory {used.ru_maxrss * 1024 / 1e6:.0f} MB"
)
