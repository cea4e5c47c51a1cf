"""Flows that nflows and zuko made, with their own densities and samples, as references for 'eventservice import'.

    PYTHONPATH=<nflows>:<zuko> python3 make_fixtures.py [CASE ...]

Written with nflows 0.14 (commit 5d22344436a4a5f4c3b93a3b99322a6bfe374c08), zuko 1.6.0 (commit
1063ae415bcd53bfad1da3a27b5519491365afdd), PyTorch 1.13.0a0, NumPy 1.24.2, Python 3.11 on x86-64. nflows imports UMNN and
zuko imports nothing else: where UMNN is missing, an empty stand-in is enough, since no flow here uses it.

A case is a folder:
    state.safetensors       the state dict, float32, as the documented recipe saves it
    description.json        what 'eventservice import' reads beside it
    reference.safetensors   x          [N, D] float64   events in the units of the columns
                            log_prob   [N]    float64   log-density of x, library in float64, maps in float64
                            base       [N, D] float32   draws of the base distribution
                            sample64   [N, D] float64   the library's inverse of base in float64, maps undone in float64
                            sample32   [N, D] float64   the same with library and maps in float32
"""

import copy
import json
import pathlib
import sys
import types

import numpy as np
import torch

torch.set_num_threads(1)

try:
    import UMNN  # noqa: F401
except ImportError:
    stand_in = types.ModuleType("UMNN")
    stand_in.NeuralIntegral = stand_in.ParallelNeuralIntegral = object
    sys.modules["UMNN"] = stand_in

import zuko  # noqa: E402
from nflows import transforms as T  # noqa: E402
from nflows.distributions.normal import StandardNormal  # noqa: E402
from nflows.distributions.uniform import BoxUniform  # noqa: E402
from nflows.flows import Flow, MaskedAutoregressiveFlow  # noqa: E402
from nflows.nn.nets import ResidualNet  # noqa: E402
from nflows.utils import create_alternating_binary_mask, create_mid_split_binary_mask  # noqa: E402

EVENTS = 160
HERE = pathlib.Path(__file__).parent


# ---- safetensors: 8 bytes of length, a JSON header, the data -----------------------------------------------------

TYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "bool": "BOOL"}


def save(path, tensors):
    arrays = {name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())}
    header, at = {}, 0
    for name, a in sorted(arrays.items(), key=lambda p: (-p[1].itemsize, p[0])):
        header[name] = {"dtype": TYPES[str(a.dtype)], "shape": list(np.shape(tensors[name])), "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in header:
            file.write(arrays[name].tobytes())


# ---- columns and their maps from the observable to the number that the flow sees ---------------------------------

def standardise(mean, scale):
    return {"kind": "standardise", "mean": mean, "scale": scale}


def log(offset=0.0):
    return {"kind": "log", "offset": offset}


def logit(low, high, margin=0.0):
    return {"kind": "logit", "minimum": low, "maximum": high, "margin": margin}


def range_(low, high, to_low, to_high):
    return {"kind": "range", "minimum": low, "maximum": high, "toMinimum": to_low, "toMaximum": to_high}


def forward(maps, x):
    """The mapped column and log |dt/dx|."""
    ladj = np.zeros_like(x)
    for m in maps:
        if m["kind"] == "standardise":
            x, d = (x - m["mean"]) / m["scale"], -np.log(m["scale"])
        elif m["kind"] == "log":
            x, d = np.log(x + m["offset"]), -np.log(x + m["offset"])
        elif m["kind"] == "range":
            slope = (m["toMaximum"] - m["toMinimum"]) / (m["maximum"] - m["minimum"])
            x, d = m["toMinimum"] + slope * (x - m["minimum"]), np.log(slope)
        else:
            width, inner = m["maximum"] - m["minimum"], 1 - 2 * m["margin"]
            u = m["margin"] + inner * (x - m["minimum"]) / width
            x, d = np.log(u) - np.log1p(-u), np.log(inner / width) - np.log(u) - np.log1p(-u)
        ladj = ladj + d
    return x, ladj


def backward(maps, t):
    """Back to the observable, in the precision of t."""
    kind = t.dtype.type
    for m in reversed(maps):
        v = {k: kind(x) for k, x in m.items() if k != "kind"}
        if m["kind"] == "standardise":
            t = t * v["scale"] + v["mean"]
        elif m["kind"] == "log":
            t = np.exp(t) - v["offset"]
        elif m["kind"] == "range":
            t = v["minimum"] + (t - v["toMinimum"]) * ((v["maximum"] - v["minimum"]) / (v["toMaximum"] - v["toMinimum"]))
        else:
            u = kind(1) / (kind(1) + np.exp(-t))
            t = v["minimum"] + (v["maximum"] - v["minimum"]) * ((u - v["margin"]) / (kind(1) - kind(2) * v["margin"]))
    return t


# ---- the flows ---------------------------------------------------------------------------------------------------

def toy(events, d, box):
    """Correlated numbers with a tail and two clusters, about as wide as a standard normal; or inside the unit box."""
    z = torch.randn(events, d)
    t = torch.empty_like(z)
    t[:, 0] = 0.5 * z[:, 0] + torch.sign(torch.rand(events) - 0.4)
    for i in range(1, d):
        t[:, i] = (0.6 + 0.3 * torch.sin(2 * t[:, i - 1])) * z[:, i] + 0.5 * t[:, i - 1] * (-1) ** i + 0.2 * t[:, 0] ** 2 - 0.2
    return torch.sigmoid(t) if box else t


def train(flow, d, box=False, stir=0.05, steps=250):
    """A few steps of maximum likelihood, so that the weights are as unlike their initial values as those of a model in use."""
    with torch.no_grad():
        for p in flow.parameters():
            p += stir * torch.randn_like(p)
    optimizer = torch.optim.Adam(flow.parameters(), lr=5e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = -log_prob(flow, toy(256, d, box).to(next(flow.parameters()).dtype)).mean()
        loss.backward()
        optimizer.step()
    return flow.eval()


def columns(*rows):
    return [{"name": n, "unit": u, "description": d, "maps": m} for n, u, d, m in rows]


MASSES = columns(
    ("m_jj", "GeV", "Invariant mass of the two leading jets", [log(), standardise(5.0, 0.5)]),
    ("m_bb", "GeV", "Invariant mass of the two b-jets", [standardise(120.0, 40.0)]),
    ("eta_jj", "1", "Pseudorapidity of the dijet system", [range_(-5.0, 5.0, -2.0, 2.0)]),
    ("bdt", "1", "Score of a classifier", [logit(0.0, 1.0, 1e-3)]))

LEPTONS = columns(
    ("lep_pt", "GeV", "Transverse momentum of the lepton", [log(1.0), standardise(4.0, 0.6)]),
    ("lep_eta", "1", "Pseudorapidity of the lepton", [standardise(0.0, 1.1)]),
    ("met", "GeV", "Missing transverse momentum", [log(), standardise(3.7, 0.7)]),
    ("mt_w", "GeV", "Transverse mass of lepton and missing momentum", [log(5.0), standardise(4.2, 0.4)]),
    ("ht", "GeV", "Scalar sum of jet pT", [standardise(350.0, 110.0)]))

PLAIN = columns(("x", "1", "", []), ("y", "1", "", []), ("z", "1", "", []))

UNIT = columns(
    ("u", "1", "First coordinate", [range_(-1.0, 3.0, 0.0, 1.0)]),
    ("v", "1", "Second coordinate", []),
    ("w", "1", "Third coordinate", []))


def composite(d, layers, base=None):
    return Flow(T.CompositeTransform(layers), base or StandardNormal([d]))


def nflows_maf_residual():
    flow = MaskedAutoregressiveFlow(4, 16, num_layers=4, num_blocks_per_layer=2, use_residual_blocks=True)
    return train(flow, 4), MASSES, {"transform": "affine", "activation": "relu"}


def nflows_maf_feedforward():
    flow = MaskedAutoregressiveFlow(
        5, 20, num_layers=3, num_blocks_per_layer=2, use_residual_blocks=False, use_random_masks=True,
        use_random_permutations=True, activation=torch.tanh)
    return train(flow, 5), LEPTONS, {"transform": "affine", "activation": "tanh"}


def nflows_arqs_residual():
    layers = []
    for _ in range(3):
        layers += [T.ReversePermutation(4), T.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
            4, 16, num_bins=8, tails="linear", tail_bound=4.0, num_blocks=2)]
    return train(composite(4, layers), 4), MASSES, {
        "transform": "rational-quadratic", "activation": "relu", "tails": "linear", "tailBound": 4.0}


def nflows_arqs_feedforward_lu():
    layers = []
    for _ in range(2):
        layers += [T.CompositeTransform([T.RandomPermutation(5), T.LULinear(5, identity_init=False)]),
                   T.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
                       5, 20, num_bins=5, tails="linear", tail_bound=3.0, num_blocks=1, use_residual_blocks=False,
                       activation=torch.nn.functional.elu, min_bin_width=1e-2, min_bin_height=2e-3, min_derivative=1e-2)]
    return train(composite(5, layers), 5), LEPTONS, {
        "transform": "rational-quadratic", "activation": "elu", "tails": "linear", "tailBound": 3.0,
        "minimumBinWidth": 1e-2, "minimumBinHeight": 2e-3, "minimumDerivative": 1e-2}


def nflows_arqs_box():
    layers = []
    for _ in range(2):
        layers += [T.RandomPermutation(3), T.MaskedPiecewiseRationalQuadraticAutoregressiveTransform(
            3, 12, num_bins=6, tails=None, num_blocks=1)]
    flow = composite(3, layers, BoxUniform(torch.zeros(3), torch.ones(3)))
    return train(flow, 3, box=True), UNIT, {
        "transform": "rational-quadratic", "activation": "relu", "tails": "none", "base": {"kind": "box-uniform", "lower": 0.0, "upper": 1.0}}


def net(hidden):
    return lambda inputs, outputs: ResidualNet(inputs, outputs, hidden_features=hidden, num_blocks=2)


def nflows_coupling_lu():
    layers = []
    for i in range(3):
        layers += [T.CompositeTransform([T.RandomPermutation(5), T.LULinear(5, identity_init=True)]),
                   T.PiecewiseRationalQuadraticCouplingTransform(
                       create_alternating_binary_mask(5, even=i % 2 == 0), net(16), num_bins=6, tails="linear", tail_bound=5.0)]
    layers.append(T.LULinear(5))
    return train(composite(5, layers), 5), LEPTONS, {
        "transform": "rational-quadratic", "activation": "relu", "tails": "linear", "tailBound": 5.0}


def nflows_coupling_unconditional():
    layers = []
    for _ in range(2):
        layers += [T.ReversePermutation(4), T.PiecewiseRationalQuadraticCouplingTransform(
            create_mid_split_binary_mask(4), net(12), num_bins=4, tails="linear", tail_bound=3.0, apply_unconditional_transform=True)]
    return train(composite(4, layers), 4), MASSES, {
        "transform": "rational-quadratic", "activation": "relu", "tails": "linear", "tailBound": 3.0}


def zuko_maf():
    flow = zuko.flows.MAF(5, transforms=3, hidden_features=(24, 24))
    return train(flow, 5), LEPTONS, {"transform": "affine", "activation": "relu", "slope": 1e-3}


def zuko_nsf():
    flow = zuko.flows.NSF(4, transforms=3, bins=8, hidden_features=(20, 16), randperm=True, activation=torch.nn.ELU)
    return train(flow, 4), MASSES, {"transform": "rational-quadratic", "activation": "elu", "slope": 1e-3, "tailBound": 5.0}


def zuko_nsf_coupling_residual():
    flow = zuko.flows.NSF(5, transforms=3, bins=5, slope=1e-4, passes=2, hidden_features=(16, 16), residual=True)
    return train(flow, 5), LEPTONS, {"transform": "rational-quadratic", "activation": "relu", "slope": 1e-4, "tailBound": 5.0}


def nflows_float64():
    """A state dict saved in double precision, without any map."""
    flow = MaskedAutoregressiveFlow(3, 8, num_layers=2, num_blocks_per_layer=1).double()
    return train(flow, 3), PLAIN, {"transform": "affine", "activation": "relu"}


CASES = [nflows_maf_residual, nflows_maf_feedforward, nflows_arqs_residual, nflows_arqs_feedforward_lu, nflows_arqs_box,
         nflows_coupling_lu, nflows_coupling_unconditional, nflows_float64, zuko_maf, zuko_nsf, zuko_nsf_coupling_residual]


# ---- one face for both libraries ---------------------------------------------------------------------------------

def log_prob(flow, t):
    return flow.log_prob(t) if isinstance(flow, Flow) else flow().log_prob(t)


def inverse(flow, z):
    return flow._transform.inverse(z)[0] if isinstance(flow, Flow) else flow().transform.inv(z)


def forward_noise(flow, t):
    return flow.transform_to_noise(t) if isinstance(flow, Flow) else flow().transform(t)


def in_precision(flow, dtype):
    """BoxUniform of nflows is no module: .to() does not reach it. In float64 the base distribution's constant is exact."""
    flow = flow.to(dtype)
    if isinstance(flow, Flow) and isinstance(flow._distribution, BoxUniform):
        d = flow.__dict__.get("_distribution") or flow._distribution
        d.base_dist.low, d.base_dist.high = d.base_dist.low.to(dtype), d.base_dist.high.to(dtype)
    return flow


def undo(maps, t):
    return np.stack([backward(c["maps"], t[:, i]) for i, c in enumerate(maps)], axis=1)


def make(case):
    torch.manual_seed(1 + CASES.index(case))
    rng = np.random.default_rng(1 + CASES.index(case))
    name = case.__name__.replace("_", "-")
    flow, cols, settings = case()
    d = len(cols)
    box = "base" in settings
    base = (rng.random((EVENTS, d)) if box else rng.standard_normal((EVENTS, d))).astype(np.float32)
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    library = name.split("-")[0]
    save(folder / "state.safetensors", {k: v.numpy() for k, v in flow.state_dict().items()})
    description = {
        "library": library, "libraryVersion": "0.14" if library == "nflows" else zuko.__version__,
        "name": name, "process": "fixture-" + name, "description": "Reference flow, trained for a moment on toy numbers",
        "flow": settings, "columns": cols, "crossSectionPb": 12.5, "selectionEfficiency": 0.4}
    (folder / "description.json").write_text(json.dumps(description, indent=2) + "\n")

    with torch.no_grad():
        s32 = inverse(in_precision(copy.deepcopy(flow), torch.float32), torch.from_numpy(base)).numpy()
        flow = in_precision(flow, torch.float64)
        s64 = inverse(flow, torch.from_numpy(base.astype(np.float64))).numpy()

        # Events: the flow's own, and as many farther out, where tails and edges are.
        t = s64.copy()
        far = np.arange(EVENTS) % 2 == 1
        t[far] = rng.random((far.sum(), d)) if box else 3.0 * rng.standard_normal((far.sum(), d))
        x = undo(cols, t)
        mapped = [forward(c["maps"], x[:, i]) for i, c in enumerate(cols)]
        t = np.stack([m[0] for m in mapped], axis=1)
        lp = log_prob(flow, torch.from_numpy(t)).numpy() + sum(m[1] for m in mapped)

    out64, out32 = undo(cols, s64), undo(cols, s32).astype(np.float64)
    assert np.isfinite(lp).all() and np.isfinite(out64).all() and np.isfinite(out32).all()
    save(folder / "reference.safetensors", {"x": x, "log_prob": lp, "base": base, "sample64": out64, "sample32": out32})
    error = np.abs(out32 - out64) / (np.abs(out64) + out64.std(axis=0))
    print(f"{name:32s} {sum(f.stat().st_size for f in folder.iterdir()) / 1000:6.1f} kB, log p {lp.min():.1f} to {lp.max():.1f}, "
          f"float32 error rms {np.sqrt((error ** 2).mean()):.1e}, max {error.max():.1e}")


if __name__ == "__main__":
    for case in CASES:
        if len(sys.argv) == 1 or case.__name__.replace("_", "-") in sys.argv[1:]:
            make(case)
