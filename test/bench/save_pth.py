"""Writes the float32 tensors of a safetensors file as `torch.save` does.

Usage: /usr/bin/python3 save_pth.py FROM.safetensors TO.pth
"""
import json
import struct
import sys
from collections import OrderedDict

import torch

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    state = OrderedDict()
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        file.seek(8 + length + begin)
        state[name] = torch.frombuffer(bytearray(file.read(end - begin)), dtype=torch.float32).reshape(entry["shape"])
torch.save(state, sys.argv[2])
