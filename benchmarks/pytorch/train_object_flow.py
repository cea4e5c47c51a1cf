"""The object flow of EventService in PyTorch: the same parameters, batches and steps, for a comparison of speed.

    train_object_flow.py problem.safetensors --threads 2

Reads the problem that 'EventService.Benchmarks training' writes, says what it runs on in a line of JSON, then answers each line
'joined 16' or 'slots 16' with seconds, losses and gradient norms of so many steps from the start.

slots:  one pass of the networks for each slot class, as in EventService.
joined: objects whose layers are shared go through them together, and all splines of a kind are evaluated at once, which
        saves PyTorch most of its calls.
"""
import argparse
import json
import resource
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

GROUPS = {
    "BJet": ["BJet1", "BJet2", "BJet3"],
    "Jet": ["Jet%d" % i for i in range(1, 9)],
    "Electron": ["Electron1", "Electron2"],
    "Muon": ["Muon1", "Muon2"],
    "Photon": ["Photon1", "Photon2"],
    "Met": ["Met"],
}


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        values = np.frombuffer(data[first:last], dtype=np.float32).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return metadata, tensors


class Spline:
    """Rational-quadratic spline on [0, 1] (Durkan et al. 2019), vectorised as in the authors' nflows; log-derivative only."""

    def __init__(self, bins, circular, metadata):
        self.bins, self.circular = bins, circular
        self.width, self.height, self.derivative = (float(metadata["minimum" + n]) for n in ("Width", "Height", "Derivative"))
        self.shift = float(np.log(np.exp(1 - self.derivative) - 1))
        self.index = torch.arange(bins)

    def log_derivative(self, theta, x):
        k = self.bins
        widths = self.width + (1 - k * self.width) * F.softmax(theta[:, :k], dim=-1)
        heights = self.height + (1 - k * self.height) * F.softmax(theta[:, k:2 * k], dim=-1)
        edges = torch.cumsum(widths, dim=-1)
        with torch.no_grad():
            bin_ = (x[:, None] >= edges[:, :-1]).sum(dim=-1, keepdim=True)
        w = widths.gather(-1, bin_)[:, 0]
        h = heights.gather(-1, bin_)[:, 0]
        left = edges.gather(-1, bin_)[:, 0] - w
        following = (bin_ + 1) % k if self.circular else bin_ + 1
        logits = theta[:, 2 * k:].gather(-1, torch.cat([bin_, following], dim=-1))
        d = self.derivative + F.softplus(logits + self.shift)
        d0, d1 = d[:, 0], d[:, 1]
        xi = ((x - left) / w).clamp(0, 1)
        rest = 1 - xi
        product = xi * rest
        s = h / w
        numerator = d1 * xi * xi + 2 * s * product + d0 * rest * rest
        denominator = s + (d1 + d0 - 2 * s) * product
        return torch.log((s / denominator) ** 2 * numerator)


class Piece:
    """Slots of a batch whose shared layers are applied to all their objects at once."""

    def __init__(self, group, slots, batch):
        self.group, self.slots, self.n = group, slots, [batch[s + "/inputs"].shape[1] for s in slots]
        self.inputs = [rows(batch[s + "/inputs"]) for s in slots]
        # Which bias of the block a row takes, as a matrix product; None for a single slot.
        self.one_hot = torch.repeat_interleave(torch.eye(len(slots)), torch.tensor(self.n), dim=0) if len(slots) > 1 else None
        leading = [s for s in slots if s == "Met" or s.endswith("1")]
        self.heads = []
        start = sum(n for s, n in zip(slots, self.n) if s in leading)
        if leading:
            self.heads.append(self.head("Pt", "pt", leading, 0, batch))
        if len(leading) < len(slots):
            self.heads.append(self.head("Pt", "fraction", [s for s in slots if s not in leading], start, batch))
        if group != "Met":
            self.heads.append(self.head("Eta", "eta", slots, 0, batch))
        turning = [s for s in slots if s != "BJet1"]   # the first object's azimuth is uniform
        if turning:
            self.heads.append(self.head("Azimuth", "azimuth", turning, sum(self.n) - sum(n for s, n in zip(slots, self.n) if s in turning), batch))
        if group in ("BJet", "Jet"):
            self.heads.append(self.head("Mass", "mass", slots, 0, batch))

    def head(self, coordinate, name, slots, start, batch):
        further = [(s, rows(batch["%s/%s/inputs" % (s, coordinate)])) for s in slots] if coordinate != "Pt" else []
        target = torch.cat([batch["%s/%s/target" % (s, coordinate)] for s in slots]).clamp(0, 1)
        weight = torch.cat([batch["%s/%s/weight" % (s, coordinate)] for s in slots]) if coordinate == "Azimuth" else torch.ones(len(target))
        return name, further, start, target, weight


def rows(matrix):
    """A row an object, as PyTorch's layers like it."""
    return matrix.t().contiguous()


class Batch:
    def __init__(self, layout, index, tensors):
        prefix = "batch/%d/" % index
        batch = {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}
        self.pieces = []
        for group, slots in GROUPS.items():
            slots = [s for s in slots if s + "/inputs" in batch]
            for part in [slots] if layout == "joined" else [[s] for s in slots]:
                if part:
                    self.pieces.append(Piece(group, part, batch))
        # Targets and weights of the joined splines, in the order of the heads.
        heads = [h for p in self.pieces for h in p.heads]
        self.joined = {}
        if layout == "joined":
            for azimuth in (False, True):
                mine = [h for h in heads if (h[0] == "azimuth") == azimuth]
                self.joined[azimuth] = (torch.cat([h[3] for h in mine]), torch.cat([h[4] for h in mine]))


class Training:
    def __init__(self, path, threads):
        torch.set_num_threads(threads)
        self.metadata, tensors = read_safetensors(path)
        self.start = {name[len("parameter/"):]: t for name, t in tensors.items() if name.startswith("parameter/")}
        self.spline = Spline(int(self.metadata["bins"]), False, self.metadata)
        self.azimuth_spline = Spline(int(self.metadata["azimuthBins"]), True, self.metadata)
        self.size = int(self.metadata["batchSize"])
        self.blocks = int(self.metadata["blocks"])
        self.batches = {layout: [Batch(layout, b, tensors) for b in range(int(self.metadata["batches"]))] for layout in ("joined", "slots")}
        self.p = {}
        for name, t in self.start.items():
            value = t[:, 0] if name.endswith(".bias") else t
            self.p[name] = torch.nn.Parameter(value.clone())

    def reset(self):
        with torch.no_grad():
            for name, t in self.start.items():
                self.p[name].copy_(t[:, 0] if name.endswith(".bias") else t)
                self.p[name].grad = None
        biases = [p for name, p in self.p.items() if name.endswith(".bias")]
        weights = [p for name, p in self.p.items() if not name.endswith(".bias")]
        self.optimizer = torch.optim.AdamW(
            [{"params": weights, "weight_decay": float(self.metadata["weightDecay"])}, {"params": biases, "weight_decay": 0.0}],
            lr=float(self.metadata["learningRate"]), foreach=True)

    def linear(self, x, name):
        return F.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def trunk(self, piece):
        h = cat([self.linear(x, s + ".in") for s, x in zip(piece.slots, piece.inputs)])
        for b in range(self.blocks):
            name = "%s.block%d." % (piece.group, b)
            a = gelu(h)
            biases = [self.p["%sfirst.%s.bias" % (name, s)] for s in piece.slots]
            if piece.one_hot is None:
                r = F.linear(a, self.p[name + "first.weight"], biases[0])
            else:
                r = torch.addmm(piece.one_hot @ torch.stack(biases), a, self.p[name + "first.weight"].t())
            h = h + self.linear(gelu(r), name + "second")
        return gelu(h)

    def head(self, piece, g, name, further):
        name = piece.group + "." + name
        weight, bias = self.p[name + ".first.weight"], self.p[name + ".first.bias"]
        if further:
            k = torch.addmm(cat([F.linear(f, self.p["%s.%s.weight" % (name, s)], bias) for s, f in further]), g, weight.t())
        else:
            k = F.linear(g, weight, bias)
        k = gelu(k)
        if name + ".hidden.weight" in self.p:
            k = gelu(self.linear(k, name + ".hidden"))
        return self.linear(k, name + ".out")

    def loss(self, batch):
        thetas = {False: [], True: []}
        total = 0
        for piece in batch.pieces:
            g = self.trunk(piece)
            for name, further, start, target, weight in piece.heads:
                theta = self.head(piece, g[start:] if start else g[:len(target)], name, further)
                azimuth = name == "azimuth"
                if batch.joined:
                    thetas[azimuth].append(theta)
                else:
                    total = total + torch.dot((self.azimuth_spline if azimuth else self.spline).log_derivative(theta, target), weight)
        for azimuth, (target, weight) in batch.joined.items():
            spline = self.azimuth_spline if azimuth else self.spline
            total = total + torch.dot(spline.log_derivative(torch.cat(thetas[azimuth]), target), weight)
        return total / -self.size

    def step(self, batch):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(batch)
        loss.backward()
        for p in self.p.values():
            if p.grad is None:   # a slot that the batch does not have
                p.grad = torch.zeros_like(p)
        gradients = [p.grad for p in self.p.values()]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))).item()
        largest = float(self.metadata["gradientClip"])
        if norm > largest:
            torch._foreach_mul_(gradients, largest / norm)
        self.optimizer.step()
        return loss.item(), norm

    def run(self, layout, steps):
        self.reset()
        batches = self.batches[layout]
        losses, norms = [], []
        processor, start = processor_seconds(), time.perf_counter()
        for t in range(steps):
            loss, norm = self.step(batches[t % len(batches)])
            losses.append(loss)
            norms.append(norm)
        return {"seconds": time.perf_counter() - start, "processor": processor_seconds() - processor, "losses": losses, "norms": norms}


def gelu(x):
    return F.gelu(x, approximate="tanh")


def cat(pieces):
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def libraries():
    """The BLAS in use, as loaded, for the results."""
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1].rsplit("/", 1)[-1] for line in maps if "blas" in line}
    return ", ".join(sorted(files))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("problem")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    training = Training(arguments.problem, arguments.threads)
    print(json.dumps({
        "PyTorch": "%s, Python %s" % (torch.__version__, sys.version.split()[0]),
        "BLAS of PyTorch": libraries(),
        "Threads of PyTorch": torch.get_num_threads(),
    }))
    for line in sys.stdin:
        layout, steps = line.split()
        print(json.dumps(training.run(layout, int(steps))))


if __name__ == "__main__":
    main()
