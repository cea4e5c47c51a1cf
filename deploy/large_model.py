"""Blows a model of an autoregressive object flow up to wide networks of random weights: a valid model file of any size, for drills.

usage: large_model.py SMALL.safetensors LARGE.safetensors WIDTH
"""
import json
import random
import struct
import sys

source, target, width = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = open(source, "rb").read()
length = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + length])
body = data[8 + length:]
metadata = header.pop("__metadata__")
document = json.loads(metadata["eventservice"])
hyper = document["hyperparameters"]
sizes = {hyper["width"]: width, hyper["headWidth"]: width // 2, hyper["azimuthWidth"]: width // 2}
hyper.update(width=width, headWidth=width // 2, azimuthWidth=width // 2)
document["name"] += "-large"
document["process"] += "-large"
metadata["eventservice"] = json.dumps(document)

tensors, at = [], 0
for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    network = tensor["dtype"] == "F32" and name.endswith((".weight", ".bias"))
    shape = [sizes.get(n, n) for n in tensor["shape"]] if network else tensor["shape"]
    size = 4
    for n in shape:
        size *= n
    first, last = tensor["data_offsets"]
    content = None if network else body[first:last]
    size = size if network else last - first
    tensors.append((name, {"dtype": tensor["dtype"], "shape": shape, "data_offsets": [at, at + size]}, size, content))
    at += size

text = json.dumps({"__metadata__": metadata, **{name: tensor for name, tensor, _, _ in tensors}}).encode()
text += b" " * (-len(text) % 8)
with open(target, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for _, _, size, content in tensors:
        if content is not None:
            file.write(content)
        while content is None and size > 0:
            # The exponent fixed, the rest random: finite numbers that no compression shrinks much.
            weights = bytearray(random.randbytes(min(size, 1 << 24)))
            weights[3::4] = b"\x3c" * len(weights[3::4])
            file.write(weights)
            size -= 1 << 24
print(f"{target}: {at / 1e6:.0f} MB")
