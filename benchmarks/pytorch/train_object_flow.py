"""The object flow of EventService in PyTorch: the same parameters, batches and steps, for a comparison of speed.

    train_object_flow.py problem.safetensors --threads 2

Reads the problem that 'EventService.Benchmarks training' writes, says what it runs on in a line of JSON, then answers each line
'joined 16' or 'slots 16' with seconds, losses and gradient norms of so many steps from the start.

slots:  one pass of the networks for each slot class, as in EventService.
joined: objects whose layers are shared go through them together, and all splines and all azimuths are evaluated at once,
        which saves PyTorch most of its calls.
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
    "Lepton": ["Electron1", "Muon1", "Electron2", "Muon2"],
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

    def __init__(self, metadata):
        self.bins = int(metadata["bins"])
        self.width, self.height, self.derivative = (float(metadata["minimum" + n]) for n in ("Width", "Height", "Derivative"))
        self.shift = float(np.log(np.exp(1 - self.derivative) - 1))

    def log_density(self, theta, x):
        k = self.bins
        widths = self.width + (1 - k * self.width) * F.softmax(theta[:, :k], dim=-1)
        heights = self.height + (1 - k * self.height) * F.softmax(theta[:, k:2 * k], dim=-1)
        edges = torch.cumsum(widths, dim=-1)
        with torch.no_grad():
            bin_ = (x[:, None] >= edges[:, :-1]).sum(dim=-1, keepdim=True)
        w = widths.gather(-1, bin_)[:, 0]
        h = heights.gather(-1, bin_)[:, 0]
        left = edges.gather(-1, bin_)[:, 0] - w
        logits = theta[:, 2 * k:].gather(-1, torch.cat([bin_, bin_ + 1], dim=-1))
        d = self.derivative + F.softplus(logits + self.shift)
        d0, d1 = d[:, 0], d[:, 1]
        xi = ((x - left) / w).clamp(0, 1)
        rest = 1 - xi
        product = xi * rest
        s = h / w
        numerator = d1 * xi * xi + 2 * s * product + d0 * rest * rest
        denominator = s + (d1 + d0 - 2 * s) * product
        return torch.log((s / denominator) ** 2 * numerator)


class CircularDensity:
    """Density of an azimuth in turns: its logarithm at equidistant nodes is a field, plus further fields times exponents, plus a
    periodic cubic B-spline; the density is linear between the nodes. Logarithm of the density only."""

    def __init__(self, metadata):
        self.knots, self.fields = int(metadata["azimuthKnots"]), int(metadata["azimuthFields"])
        nodes_per_knot = int(metadata["azimuthNodesPerKnot"])
        self.nodes = self.knots * nodes_per_knot
        basis = torch.zeros(self.knots, self.nodes)
        for g in range(self.nodes):
            k, t = g // nodes_per_knot, g % nodes_per_knot / nodes_per_knot
            rest = 1 - t
            weights = rest ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6, (3 * rest ** 3 - 6 * rest ** 2 + 4) / 6, t ** 3 / 6
            for i, weight in enumerate(weights):
                basis[(k - 1 + i) % self.knots, g] += weight
        self.basis = basis

    def split(self, fields):
        """Fields of a slot [objects, (fields + 1) nodes] as one matrix a field, a row an object."""
        return [f.contiguous() for f in fields.split(self.nodes, dim=1)]

    def log_density(self, theta, y, fields):
        logs = torch.addmm(fields[0], theta[:, :self.knots], self.basis)
        exponents = 1 + theta[:, self.knots:]
        for k in range(self.fields):
            logs = logs.addcmul_(exponents[:, k:k + 1], fields[k + 1])
        # The density is normalised: its gradient does not pass through the maximum.
        logs = (logs - logs.detach().amax(dim=-1, keepdim=True)).clamp(min=-60)
        f = torch.exp(logs)
        with torch.no_grad():
            at = y.double() * self.nodes
            cell = at.long().clamp(max=self.nodes - 1)
            t = (at - cell).float()
            ends = torch.stack([cell, (cell + 1) % self.nodes], dim=-1)
            weights = torch.stack([1 - t, t], dim=-1)
        return torch.log((f.gather(-1, ends) * weights).sum(dim=-1) / f.mean(dim=-1))


class Head:
    """A head of the network with its further inputs and targets; rows first to last of its piece's objects are its own."""

    def __init__(self, coordinate, name, slots, start, batch, density):
        self.name, self.start, self.azimuth = name, start, coordinate == "Azimuth"
        self.further = [(s, rows(batch["%s/%s/inputs" % (s, coordinate)])) for s in slots] if coordinate != "Pt" else []
        self.target = torch.cat([batch["%s/%s/target" % (s, coordinate)] for s in slots]).clamp(0, 1)
        self.weight = torch.cat([batch["%s/Azimuth/weight" % s] for s in slots]) if self.azimuth else torch.ones(len(self.target))
        self.fields = join_fields([density.split(batch["%s/Azimuth/fields" % s]) for s in slots]) if self.azimuth else None


class Piece:
    """Slots of a batch whose shared layers are applied to all their objects at once."""

    def __init__(self, group, slots, batch, density):
        self.group, self.slots, self.n = group, slots, [batch[s + "/inputs"].shape[1] for s in slots]
        self.inputs = [rows(batch[s + "/inputs"]) for s in slots]
        # Which bias of the block a row takes, as a matrix product; None for a single slot.
        self.one_hot = torch.repeat_interleave(torch.eye(len(slots)), torch.tensor(self.n), dim=0) if len(slots) > 1 else None
        self.heads = []

        def add(coordinate, name, mine):
            if mine:   # the last ones of the piece, or all
                start = sum(n for s, n in zip(slots, self.n) if slots.index(s) < slots.index(mine[0]))
                self.heads.append(Head(coordinate, name, mine, start, batch, density))

        leading = [s for s in slots if s == "Met" or s.endswith("1")]
        add("Pt", "pt", leading)
        add("Pt", "fraction", [s for s in slots if s not in leading])
        if group != "Met":
            add("Eta", "eta", slots)
        add("Azimuth", "azimuth", [s for s in slots if s != "BJet1"])   # the first object's azimuth is uniform
        if group in ("BJet", "Jet"):
            add("Mass", "mass", slots)


def rows(matrix):
    """A row an object, as PyTorch's layers like it."""
    return matrix.t().contiguous()


def join_fields(parts):
    """Each field of all the parts."""
    return [cat(list(field)) for field in zip(*parts)]


class Batch:
    def __init__(self, layout, index, tensors, density):
        prefix = "batch/%d/" % index
        batch = {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}
        self.pieces = []
        for group, slots in GROUPS.items():
            slots = [s for s in slots if s + "/inputs" in batch]
            for part in [slots] if layout == "joined" else [[s] for s in slots]:
                if part:
                    self.pieces.append(Piece(group, part, batch, density))
        # Targets, weights and fields of the joined densities, in the order of the heads.
        heads = [h for p in self.pieces for h in p.heads]
        self.joined = {}
        if layout == "joined":
            for azimuth in (False, True):
                mine = [h for h in heads if h.azimuth == azimuth]
                fields = [join_fields([h.fields for h in mine])] if azimuth else []
                self.joined[azimuth] = (torch.cat([h.target for h in mine]), torch.cat([h.weight for h in mine]), fields)
            for h in heads:
                h.fields = None


class Training:
    def __init__(self, path, threads):
        torch.set_num_threads(threads)
        self.metadata, tensors = read_safetensors(path)
        self.start = {name[len("parameter/"):]: t for name, t in tensors.items() if name.startswith("parameter/")}
        self.spline, self.azimuth = Spline(self.metadata), CircularDensity(self.metadata)
        self.size = int(self.metadata["batchSize"])
        self.blocks = int(self.metadata["blocks"])
        self.batches = {layout: [Batch(layout, b, tensors, self.azimuth) for b in range(int(self.metadata["batches"]))] for layout in ("joined", "slots")}
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

    def theta(self, piece, g, head):
        name = piece.group + "." + head.name
        g = g[head.start:] if head.start else g[:len(head.target)]
        weight, bias = self.p[name + ".first.weight"], self.p[name + ".first.bias"]
        if head.further:
            k = torch.addmm(cat([F.linear(f, self.p["%s.%s.weight" % (name, s)], bias) for s, f in head.further]), g, weight.t())
        else:
            k = F.linear(g, weight, bias)
        k = gelu(k)
        if name + ".hidden.weight" in self.p:
            k = gelu(self.linear(k, name + ".hidden"))
        return self.linear(k, name + ".out")

    def log_likelihood(self, azimuth, theta, target, weight, fields):
        log_density = self.azimuth.log_density(theta, target, *fields) if azimuth else self.spline.log_density(theta, target)
        return torch.dot(log_density, weight)

    def loss(self, batch):
        thetas = {False: [], True: []}
        total = 0
        for piece in batch.pieces:
            g = self.trunk(piece)
            for head in piece.heads:
                theta = self.theta(piece, g, head)
                if batch.joined:
                    thetas[head.azimuth].append(theta)
                else:
                    total = total + self.log_likelihood(head.azimuth, theta, head.target, head.weight, [head.fields])
        for azimuth, (target, weight, fields) in batch.joined.items():
            total = total + self.log_likelihood(azimuth, torch.cat(thetas[azimuth]), target, weight, fields)
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
