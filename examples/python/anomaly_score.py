"""Densities as anomaly scores: anomaly_score.py [HOST:PORT]. The stubs must be on PYTHONPATH (examples/README.md).

Scores events of a model under its own density, block by block, and prints the strangest. In an analysis the blocks hold recorded events,
with the columns that the model's schema has."""

import os
import sys

import grpc
import numpy as np

from eventservice.v1 import events_pb2, events_pb2_grpc

channel = grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "localhost:8081")
key = os.environ.get("EVENTSERVICE_KEY")
metadata = [("authorization", f"Bearer {key}")] if key else None
stub = events_pb2_grpc.EventsStub(channel)


def questions():
    yield events_pb2.DensityRequest(start=events_pb2.DensityStart(process="ttbar"))
    for part in stub.Generate(events_pb2.GenerateRequest(process="ttbar", n=2000, seed=1), metadata=metadata):
        if part.WhichOneof("part") == "block":
            yield events_pb2.DensityRequest(block=part.block)


numbers, scores, ended = [], [], False
for answer in stub.Density(questions(), metadata=metadata):
    kind = answer.WhichOneof("part")
    if kind == "block":
        numbers.append(np.frombuffer(answer.block.event_number, "<i8"))
        scores.append(-np.frombuffer(answer.block.log_density, "<f8"))  # infinite where the density is zero
    elif kind == "end":
        ended = answer.end.events == sum(map(len, numbers))

assert ended
numbers, scores = np.concatenate(numbers), np.concatenate(scores)
strangest = np.argsort(-scores)[:5]
print(f"{len(scores)} events, median score {np.median(scores):.1f}")
for k in strangest:
    print(f"event {numbers[k]}: {scores[k]:.1f}, more than {100 * (scores < scores[k]).mean():.1f} % of the events")
