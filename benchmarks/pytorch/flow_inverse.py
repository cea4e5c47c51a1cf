"""Layered flows in PyTorch, sampled in as many passes as there are features, for a comparison of speed.

    flow_inverse.py

Says what it runs on in a line of JSON, then answers each line of JSON
    {"task": "sample" or "density", "model": file, "input": file of float32 rows, "output": file or null, "threads": n}
with wall-clock and processor seconds, and writes the result as float32 rows. The model is a file that the benchmark 'flows' writes. An
autoregressive transform is inverted as nflows 0.14 does it (transforms/autoregressive.py): D times the whole network, then the elementwise
inverse of all features; zuko does the same (transforms.py, AutoregressiveTransform._inverse). Masked weights are stored as zeros, so that the masks
cost nothing here. The spline follows nflows (transforms/splines/rational_quadratic.py).
"""
import json
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F

from matmul import libraries


def read(path):
    """Tensors and hyper-parameters of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__")
    types = {"F32": np.float32, "F64": np.float64}
    tensors = {
        name: torch.from_numpy(np.frombuffer(data[t["data_offsets"][0]:t["data_offsets"][1]], types[t["dtype"]]).reshape(t["shape"]).astype(np.float32))
        for name, t in header.items()}
    return json.loads(metadata["hyperparameters"]), tensors


class Network:
    def __init__(self, layer, prefix, tensors):
        self.steps = []
        for s, kind in enumerate(layer["steps"]):
            def linear(name=""):
                return tensors[f"{prefix}steps/{s}/{name}weight"], tensors[f"{prefix}steps/{s}/{name}bias"]
            if kind == "dense":
                self.steps.append((kind, linear()))
            elif kind == "activation":
                self.steps.append((kind, None))
            else:
                self.steps.append((kind, (linear("first/"), linear("second/"))))

    def __call__(self, h):
        for kind, weights in self.steps:
            if kind == "dense":
                h = F.linear(h, *weights)
            elif kind == "activation":
                h = F.relu(h)
            else:
                first, second = weights
                h = h + F.linear(F.relu(F.linear(F.relu(h), *first)), *second)
        return h


def affine(theta, values, minimum, inverse):
    scale = F.softplus(theta[..., 0]) + minimum
    if inverse:
        return (values - theta[..., 1]) / scale, -torch.log(scale)
    return scale * values + theta[..., 1], torch.log(scale)


def knots(logits, minimum, low, high):
    sizes = minimum + (1 - minimum * logits.shape[-1]) * F.softmax(logits, dim=-1)
    edges = F.pad(torch.cumsum(sizes, dim=-1), (1, 0))
    edges = (high - low) * edges + low
    edges[..., 0], edges[..., -1] = low, high
    return edges, edges[..., 1:] - edges[..., :-1]


def spline(theta, values, s, inverse):
    """Inside the interval; outside the identity."""
    bins, low, high = s["bins"], s["low"], s["high"]
    result, log = values.clone(), torch.zeros_like(values)
    inside = (values >= low) & (values <= high)
    x, theta = values[inside], theta[inside]
    ends = theta.new_full((len(x), 1), float(np.log(np.exp(1 - s["minimumDerivative"]) - 1)))
    derivatives = s["minimumDerivative"] + F.softplus(torch.cat([ends, theta[:, 2 * bins:], ends], -1))
    edges_x, widths = knots(theta[:, :bins], s["minimumWidth"], low, high)
    edges_y, heights = knots(theta[:, bins:2 * bins], s["minimumHeight"], low, high)
    edges = edges_y if inverse else edges_x
    k = (torch.searchsorted(edges[:, 1:-1].contiguous(), x[:, None], right=True)).clamp(max=bins - 1)
    def take(table):
        return table.gather(-1, k)[:, 0]
    x0, w, y0, h, d0, d1 = take(edges_x), take(widths), take(edges_y), take(heights), take(derivatives), derivatives.gather(-1, k + 1)[:, 0]
    slope = h / w
    bend = d0 + d1 - 2 * slope
    if inverse:
        dy = x - y0
        a, b, c = h * (slope - d0) + dy * bend, h * d0 - dy * bend, -slope * dy
        xi = 2 * c / (-b - torch.sqrt(b * b - 4 * a * c))
        result[inside] = xi * w + x0
    else:
        xi = (x - x0) / w
    theta1 = xi * (1 - xi)
    denominator = slope + bend * theta1
    logs = torch.log(slope * slope * (d1 * xi * xi + 2 * slope * theta1 + d0 * (1 - xi) * (1 - xi))) - 2 * torch.log(denominator)
    if not inverse:
        result[inside] = y0 + h * (slope * xi * xi + d0 * theta1) / denominator
    log[inside] = -logs if inverse else logs
    return result, log


class Flow:
    def __init__(self, path):
        hyper, tensors = read(path)
        self.layers = []
        for number, layer in enumerate(hyper["layers"]):
            if layer["kind"] == "permutation":
                order = torch.tensor(layer["order"])
                self.layers.append(("permutation", order, torch.argsort(order)))
            else:
                network = Network(layer, f"layers/{number}/", tensors)
                self.layers.append(("conditional", layer, network))

    def elementwise(self, layer, theta, values, inverse):
        theta = theta.reshape(len(values), values.shape[1], -1)
        if "affine" in layer:
            return affine(theta, values, layer["affine"]["minimum"], inverse)
        return spline(theta, values, layer["spline"], inverse)

    def sample(self, y):
        """The events of draws of the base distribution, and as libraries do, the sum of log-derivatives on the way."""
        log = torch.zeros(len(y))
        for kind, layer, extra in reversed(self.layers):
            if kind == "permutation":
                y = y[:, extra]
                continue
            inputs, targets = layer["inputs"], layer["targets"]
            if set(inputs) & set(targets):
                x = torch.zeros_like(y)
                for _ in range(len(targets)):
                    x, step = self.elementwise(layer, extra(x), y, True)
                y = x
            else:
                x = y.clone()
                x[:, targets], step = self.elementwise(layer, extra(y[:, inputs]), y[:, targets], True)
                y = x
            log = log + step.sum(-1)
        return y

    def density(self, x):
        log = torch.zeros(len(x))
        for kind, layer, extra in self.layers:
            if kind == "permutation":
                x = x[:, layer]
                continue
            inputs, targets = layer["inputs"], layer["targets"]
            y = x.clone()
            y[:, targets], step = self.elementwise(layer, extra(x[:, inputs]), x[:, targets], False)
            x, log = y, log + step.sum(-1)
        return (log - 0.5 * (x * x).sum(-1) - 0.5 * x.shape[1] * float(np.log(2 * np.pi)))[:, None]


def main():
    print(json.dumps({
        "numpy": np.__version__,
        "PyTorch": torch.__version__,
        "BLAS of PyTorch": libraries(),
        "torch.__config__": torch.__config__.show(),
    }))
    flows = {}
    for line in sys.stdin:
        ask = json.loads(line)
        flow = flows.setdefault(ask["model"], None) or Flow(ask["model"])
        flows[ask["model"]] = flow
        torch.set_num_threads(ask["threads"])
        width = next(len(e) for k, e, _ in flow.layers if k == "permutation")
        rows = torch.from_numpy(np.fromfile(ask["input"], np.float32).reshape(-1, width))
        with torch.no_grad():
            processor, start = time.process_time(), time.perf_counter()
            result = getattr(flow, ask["task"])(rows)
            seconds = {"seconds": time.perf_counter() - start, "processor": time.process_time() - processor}
        if ask.get("output"):
            result.numpy().astype(np.float32).tofile(ask["output"])
        print(json.dumps(seconds))


if __name__ == "__main__":
    main()
