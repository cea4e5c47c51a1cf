#!/usr/bin/env python3
"""A client that reads 10 KB/s, and clients that connect and vanish at random: others do not notice, nothing leaks.

First a stream that is read as fast as it comes, in turns alone and beside a client that asked for a million events and reads 10 KB/s; then
clients that ask for events over HTTP or gRPC, read for a random time and break the connection. Afterwards no request is inside, no chunk
queued, no connection open, and threads, file handles and memory are back where they were.

Usage: benchmarks/soak/clients.py [seconds of the slow client=120] [clients that vanish=500]; ends non-zero if anything is wrong.
"""
import asyncio, random, sys, time

from service import PREFACE, Service, frame, grpc_headers, message, varint

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 120
VANISHING = int(sys.argv[2]) if len(sys.argv) > 2 else 500
SLOW_BYTES = 10_000  # a second
ROUNDS = 6
LARGEST_GROWTH = 100  # MiB
LEAST_RATE = 0.8  # of a stream beside the slow client to one alone: the machine itself varies

wrong = []


async def post(port, query):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    writer.write(f"POST /generate?process=ttbar&format=npy&{query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise OSError(head)
    return reader, writer


async def rate(port, seconds):
    """MB/s of a stream that is read as fast as it comes."""
    reader, writer = await post(port, "n=1e8&seed=2")
    start, count = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        count += len(await reader.read(1 << 16))
    writer.transport.abort()
    return count / (time.monotonic() - start) / 1e6


async def slow(port, stop):
    reader, writer = await post(port, "n=1e6&seed=1")
    count, start = 0, time.monotonic()
    while not stop.is_set():
        count += len(await reader.read(SLOW_BYTES // 10))
        await asyncio.sleep(max(0, start + count / SLOW_BYTES - time.monotonic()))
    writer.transport.abort()
    return count


async def slow_client(service):
    await rate(service.rest, 5)  # compiled, buffers there
    before, alone, beside, count = service.resources()[0], [], [], 0
    most = before
    for _ in range(ROUNDS):
        alone.append(await rate(service.rest, SECONDS / ROUNDS / 2))
        stop = asyncio.Event()
        slowly = asyncio.create_task(slow(service.rest, stop))
        await asyncio.sleep(1)
        beside.append(await rate(service.rest, SECONDS / ROUNDS))
        most = max(most, service.resources()[0])
        stop.set()
        count += await slowly
    ratio = sum(beside) / sum(alone)
    print(f"slow client: {count} bytes in {SECONDS:.0f} s; a stream beside it {sum(beside) / ROUNDS:.1f} MB/s, alone {sum(alone) / ROUNDS:.1f} MB/s, ratio {ratio:.3f}; "
          f"memory {before:.0f} MiB before, {most:.0f} at most", flush=True)
    if ratio < LEAST_RATE:
        wrong.append(f"a slow client slows others down: {ratio:.3f}")
    if most - before > LARGEST_GROWTH:
        wrong.append(f"a slow client takes {most - before:.0f} MiB")


async def vanish(service, number):
    draw, writer = random.Random(number), None
    await asyncio.sleep(draw.random() * VANISHING / 25)
    try:
        if number % 2:
            reader, writer = await asyncio.open_connection("127.0.0.1", service.grpc)
            request = message(b"\x0a\x05ttbar\x28" + varint(draw.choice([1, 100, 10_000, 1_000_000])))  # process, n
            writer.write(PREFACE + frame(4, 0, 0, b"") + frame(1, 4, 1, grpc_headers(b"/eventservice.v1.Events/Generate")) + frame(0, 1, 1, request))
        else:
            reader, writer = await post(service.rest, f"n={draw.choice([1, 100, 10_000, 1_000_000])}&seed={number}")
        end = time.monotonic() + draw.choice([0, 0.01, 0.3, 2]) * draw.random()
        while time.monotonic() < end:
            await asyncio.wait_for(reader.read(1 << 14), 1)
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
        pass
    finally:
        if writer:
            writer.transport.abort()


async def vanishing_clients(service):
    """Twice: what the first wave needs for the first time is no leak."""
    for wave in range(3):
        await asyncio.gather(*(vanish(service, wave * VANISHING + k) for k in range(VANISHING)))
        for _ in range(100):
            inside, queued, connections = (service.gauge(n) for n in ("eventservice_requests_inside", "eventservice_queue_chunks", "kestrel_active_connections"))
            if inside == queued == 0 and connections <= 1:
                break
            await asyncio.sleep(0.2)
        await asyncio.sleep(3)
        after = service.resources()
        print(f"{VANISHING} clients have vanished: {inside:.0f} requests inside, {queued:.0f} chunks queued, {connections:.0f} connections (one asks); "
              f"{after[0]:.0f} MiB, {after[1]} threads, {after[2]} handles", flush=True)
        if inside or queued or connections > 1:
            wrong.append("something of the vanished clients goes on")
        if wave == 0:
            first = after
    for name, limit, a, b in zip(("memory [MiB]", "threads", "handles"), (LARGEST_GROWTH, 10, 10), first, after):
        if b - a > limit:
            wrong.append(f"{name} grew from {a:.0f} to {b:.0f} over two waves")


async def main():
    with Service("QueueLength=1000") as service:
        await slow_client(service)
        await vanishing_clients(service)
        if errors := service.errors():
            wrong.append(f"{len(errors)} errors in the log, the first: {errors[0]}")
    print("\n".join(wrong) or "nothing wrong")
    return 1 if wrong else 0


sys.exit(asyncio.run(main()))
