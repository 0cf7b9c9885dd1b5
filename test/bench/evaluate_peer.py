"""Images a second of PyTorch's DataLoader feeding an eager model, on the same folder as `scour evaluate`.

    evaluate_peer.py PEERS_DIR CHECKPOINT FOLDER BATCH WORKERS

Prints seconds for one pass (decoding, normalising, inference), after a warm-up of some batches.
"""
import glob
import os
import sys
import time

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

sys.path.insert(0, sys.argv[1])
from net import ResNet18  # noqa: E402

checkpoint, folder, batch, workers = sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(3, 1, 1)
STD = torch.tensor([0.247, 0.243, 0.261]).view(3, 1, 1)


class Folder(Dataset):
    def __init__(self):
        self.files = sorted(glob.glob(os.path.join(folder, "*.jpg")))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        pixels = np.array(Image.open(self.files[i]).convert("RGB"))
        return (torch.from_numpy(pixels).permute(2, 0, 1).float() / 255 - MEAN) / STD


torch.set_num_threads(2)
model = ResNet18(width=32).eval()
model.load_state_dict(torch.load(checkpoint)["model"])
with torch.no_grad():
    for _ in range(3):
        model(torch.zeros(batch, 3, 32, 32))
    start = time.perf_counter()
    seen = 0
    for images in DataLoader(Folder(), batch_size=batch, num_workers=workers):
        seen += model(images).argmax(1).shape[0]
    print(time.perf_counter() - start)
