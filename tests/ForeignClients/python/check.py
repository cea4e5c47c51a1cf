"""What Python's gRPC gets from the service, against what REST gives: check.py REST GRPC. Says 'ok' for each fact, or fails."""

import io
import json
import re
import socket
import sys
import time
import urllib.request

import grpc
import numpy as np

import health_pb2 as health
from eventservice.v1 import events_pb2 as v1
from eventservice.v1 import events_pb2_grpc
from eventservice.v1 import models_pb2 as models
from eventservice.v1 import models_pb2_grpc

REST, GRPC = sys.argv[1:3]
EVENTS = 100_000

channel = grpc.insecure_channel(GRPC)
events = events_pb2_grpc.EventsStub(channel)


def post(path, body=b""):
    with urllib.request.urlopen(urllib.request.Request(f"http://{REST}{path}", body, method="POST")) as answer:
        return answer.read(), answer.headers


def same_bits(a, b):
    """Equal bytes: NaN equals NaN, 0 is not -0."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


class Stream:
    """All of a stream of blocks, as columns; jagged ones as (offsets, values)."""

    def __init__(self, call):
        parts = list(call)
        kinds = [p.WhichOneof("part") for p in parts]
        assert kinds[0] == "start" and kinds[-1] == "end" and set(kinds[1:-1]) <= {"block"}, kinds
        self.start, self.end = parts[0].start, parts[-1].end
        self.blocks = [p.block for p in parts[1:-1]]
        self.next = [p.next for p in parts[1:-1]]
        self.columns = {"event": self.join(lambda b: b.event_number, "<i8")}
        for s, column in enumerate(self.start.schema.scalars):
            self.columns[column.name] = self.join(lambda b: b.scalars[s], "<f4")
        for c, collection in enumerate(self.start.schema.collections):
            counts = [np.diff(np.frombuffer(b.collections[c].offsets, "<i4")) for b in self.blocks]
            self.columns["n" + collection.name] = np.concatenate(counts)
            for x, column in enumerate(collection.columns):
                self.columns[f"{collection.name}_{column.name}"] = self.join(lambda b: b.collections[c].columns[x], "<f4")

    def join(self, field, dtype):
        return np.concatenate([np.frombuffer(field(b), dtype) for b in self.blocks])


def equals_npy(stream, npy):
    assert set(stream.columns) == set(npy.dtype.names) - {"logDensity"}
    for name, values in stream.columns.items():
        expected = npy[name]
        if expected.ndim == 2:
            filled = np.arange(expected.shape[1]) < npy["n" + name.split("_")[0]][:, None]
            expected = expected[filled]
        assert same_bits(values, expected), name


def fails(code, call, detail=""):
    try:
        list(call() if callable(call) else call)
    except grpc.RpcError as error:
        assert error.code() == code and detail in error.details(), (error.code(), error.details())
    else:
        raise AssertionError(f"no error, expected {code}")


def requests_inside():
    with urllib.request.urlopen(f"http://{REST}/metrics") as answer:
        text = answer.read().decode()
    return sum(float(v) for v in re.findall(r"^eventservice_requests_inside\w*(?:\{[^}]*\})? ([0-9.]+)", text, re.M))


def wait_until_idle():
    for _ in range(100):
        if requests_inside() == 0:
            return
        time.sleep(0.1)
    raise AssertionError("a request that has ended still has its workers")


body, headers = post(f"/generate?process=ttbar&n={EVENTS}&seed=42&first=7&format=npy&logDensity=true")
npy = np.load(io.BytesIO(body))
request = v1.GenerateRequest(process="ttbar", n=EVENTS, seed=42, first=7, log_density=True)
call = events.Generate(request)
stream = Stream(call)
equals_npy(stream, npy)
assert same_bits(stream.join(lambda b: b.log_density, "<f8"), npy["logDensity"])
print(f"ok: {EVENTS} events are those of REST, bit for bit")

receipt = json.loads(headers["EventService-Receipt"])
receipt["format"] = "grpc"
assert json.loads(stream.start.receipt.json) == receipt
assert stream.end.receipt == stream.start.receipt and stream.end.events == stream.end.generated == EVENTS
assert json.loads(dict(call.trailing_metadata())["eventservice-receipt"]) == receipt
assert dict(call.initial_metadata())["eventservice-model-sha256"] == receipt["sha256"]
assert stream.next[-1] == 7 + EVENTS
print("ok: the receipt is that of REST, first, last and in the trailers")

packed = Stream(events.Generate(v1.GenerateRequest(process="ttbar", n=5000, seed=42, first=7), compression=grpc.Compression.Gzip))
equals_npy(packed, npy[:5000])
print("ok: packed by gzip the events are the same")

body, _ = post("/generate?process=ttbar&n=2000&seed=3&format=npy")
densities = np.load(io.BytesIO(post("/density?process=ttbar&format=npy", body)[0]))


def blocks_one_at_a_time():
    """Each block is sent when the densities of the one before are there."""
    yield v1.DensityRequest(start=v1.DensityStart(process="ttbar"))
    for part in events.Generate(v1.GenerateRequest(process="ttbar", n=2000, seed=3)):
        if part.WhichOneof("part") == "block":
            sent.append(part.block.count)
            yield v1.DensityRequest(block=part.block)
            while sum(found) < sum(sent):
                time.sleep(0.001)


sent, found, answers = [], [], []
for part in events.Density(blocks_one_at_a_time()):
    answers.append(part)
    found.append(part.block.count)
assert answers[0].start.sha256 == receipt["sha256"] and answers[-1].end.events == 2000
blocks = [p.block for p in answers[1:-1]]
for name, dtype, key in (("event_number", "<i8", "event"), ("log_density", "<f8", "logDensity"), ("error", "<f8", "error")):
    assert same_bits(np.concatenate([np.frombuffer(getattr(b, name), dtype) for b in blocks]), densities[key]), key
print("ok: densities block by block are those of REST")

call = events.Generate(v1.GenerateRequest(process="ttbar", n=100_000_000, seed=1))
for _ in range(5):
    next(call)
call.cancel()
fails(grpc.StatusCode.CANCELLED, call)
wait_until_idle()
print("ok: a call cancelled midway gives its workers back")

# Longer than the 5 s that Kestrel gives clients that take nothing, unless it is told otherwise.
call = events.Generate(v1.GenerateRequest(process="ttbar", n=50_000, seed=1))
got = next(call).block.count
time.sleep(8)
for part in call:
    got += part.block.count
assert got == 50_000
print("ok: a client that thinks for 8 s between two blocks gets all events")

fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: events.Generate(v1.GenerateRequest(process="ttbar", n=100_000_000, seed=1), timeout=0.5))
wait_until_idle()
print("ok: a deadline ends the call and its work")

fails(grpc.StatusCode.NOT_FOUND, lambda: events.Generate(v1.GenerateRequest(process="ttbra")), "Known: 'cms-zee', 'gluino', 'gluino-observables', 'gluino-zero-lepton', 'higgs-background', 'higgs-signal', 'stop', 't5qqqqww', 'ttbar', 'zprime'")
fails(grpc.StatusCode.INVALID_ARGUMENT, lambda: events.Generate(v1.GenerateRequest(process="ttbar", columns=["Jets"])), "Column 'Jets' not found.")
raw = channel.unary_stream("/eventservice.v1.Events/Generate")
fails(grpc.StatusCode.INTERNAL, lambda: raw(b"\xff\xff\xff\xff"), "not the protobuf that is expected")
fails(grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: raw(bytes(5 << 20)), "expected at most 4194304")
fails(grpc.StatusCode.UNIMPLEMENTED, lambda: channel.unary_stream("/eventservice.v1.Events/Explode")(b""))
fails(grpc.StatusCode.INVALID_ARGUMENT, lambda: events.Density(iter([v1.DensityRequest(block=v1.EventColumns(count=1))])), "holds no start")
for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000, b"\0" * 1000):
    with socket.create_connection(GRPC.split(":"), timeout=10) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass
print("ok: errors and garbage are answered with their reasons")

served = {p.process: p for p in models_pb2_grpc.ModelsStub(channel).ListProcesses(models.ListProcessesRequest()).processes}
assert served["ttbar"].models[0].production == receipt["version"]
check = channel.unary_unary("/grpc.health.v1.Health/Check", health.HealthCheckRequest.SerializeToString, health.HealthCheckResponse.FromString)
assert check(health.HealthCheckRequest(service="eventservice.v1.Events")).status == health.HealthCheckResponse.SERVING
print("ok: models and health")
