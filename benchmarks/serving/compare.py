#!/usr/bin/python3
"""Events a second of one stream over REST and over gRPC against the same sampler in process, without a server: in turns, in one run.

In process: 'eventservice generate --model' into /dev/null, npy. REST: npy, read and thrown away. gRPC: Debian's python3-grpcio, messages passed on as bytes.
Needs the package python3-grpcio. Usage: benchmarks/serving/compare.py [n=1e6] [rounds=3]
"""
import os, statistics, subprocess, sys, time

import grpc

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "soak"))
from service import ROOT, Service, varint

N = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3


def in_process(_):
    subprocess.run(["dotnet", f"{ROOT}/artifacts/bin/EventService.Cli/release/eventservice.dll", "generate", "--model", f"{ROOT}/models/ttbar-objects.safetensors", "--n", str(N),
                    "--seed", "1", "--format", "npy", "--output", "/dev/null"], check=True, stderr=subprocess.DEVNULL)


def rest(service):
    subprocess.run(["curl", "-sf", "-o", "/dev/null", "-X", "POST", f"http://127.0.0.1:{service.rest}/generate?process=ttbar&n={N}&seed=1&format=npy"], check=True)


def over_grpc(service):
    channel = grpc.insecure_channel(f"127.0.0.1:{service.grpc}", options=[("grpc.max_receive_message_length", -1)])
    for _ in channel.unary_stream("/eventservice.v1.Events/Generate")(b"\x0a\x05ttbar\x28" + varint(N) + b"\x30\x01"):  # process, n, seed
        pass


with Service() as service:
    service.ask("/generate?process=ttbar&n=1e5&format=npy", "POST")  # compiled
    rates = {work: [] for work in (in_process, rest, over_grpc)}
    for _ in range(ROUNDS):
        for work in rates:
            start = time.monotonic()
            work(service)
            rates[work].append(N / (time.monotonic() - start))
            print(f"{work.__name__}: {rates[work][-1]:.0f} events/s", flush=True)
    for work in (rest, over_grpc):
        ratios = [a / b for a, b in zip(rates[work], rates[in_process])]
        print(f"{work.__name__} over in process, n = {N}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}) of {ROUNDS} rounds")
