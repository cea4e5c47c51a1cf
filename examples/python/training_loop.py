"""Fresh events as batches for training: training_loop.py [HOST:PORT]. The stubs must be on PYTHONPATH (examples/README.md).

The loop learns the mean and the spread of some features on the fly (Welford, by batches), as any loop over batches would.
While it works, the stream waits: gRPC's flow control holds the server back."""

import os
import sys

import grpc
import numpy as np

from eventservice.v1 import events_pb2, events_pb2_grpc


def column(data, dtype="<f4"):
    return np.frombuffer(data, dtype)


def features(start, block):
    """One row an event: missing momentum, number of jets, scalar sum of the jets' pT."""
    jets = [c.name for c in start.schema.collections].index("Jet")
    met = [s.name for s in start.schema.scalars].index("MET_pt")
    offsets = column(block.collections[jets].offsets, "<i4")
    pt = column(block.collections[jets].columns[0]).astype(float)
    sums = np.concatenate([[0], np.cumsum(pt)])
    return np.stack([column(block.scalars[met]), np.diff(offsets), sums[offsets[1:]] - sums[offsets[:-1]]], axis=1)


channel = grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "localhost:8081")
key = os.environ.get("EVENTSERVICE_KEY")
request = events_pb2.GenerateRequest(process="ttbar", n=20_000, columns=["MET_pt", "Jet_pt"])

count, mean, square = 0, np.zeros(3), np.zeros(3)
ended = False
for part in events_pb2_grpc.EventsStub(channel).Generate(request, metadata=[("authorization", f"Bearer {key}")] if key else None):
    kind = part.WhichOneof("part")
    if kind == "start":
        start = part.start
    elif kind == "block" and part.block.count > 0:
        x = features(start, part.block)
        n, shift = len(x), x.mean(axis=0) - mean
        mean += shift * n / (count + n)
        square += ((x - x.mean(axis=0)) ** 2).sum(axis=0) + shift**2 * count * n / (count + n)
        count += n
    elif kind == "end":
        ended = part.end.events == count

# A stream without its end is broken: ask for the rest with 'first', the seed of the receipt and the version that it names.
assert ended
print(f"{count} events of {start.receipt.model} version {start.receipt.version}, seed {start.receipt.seed}")
for name, m, s in zip(("MET_pt", "nJet", "sum of Jet_pt"), mean, np.sqrt(square / count)):
    print(f"{name:>13}: {m:8.2f} +- {s:.2f}")
