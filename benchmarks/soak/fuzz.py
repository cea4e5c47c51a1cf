#!/usr/bin/env python3
"""Mutated HTTP requests and gRPC frames against a real server: no crash, no 500, no error in its log, no growing memory, and it serves on.

Sends REQUESTS requests, half of them HTTP/1.1 and half gRPC over HTTP/2, each a
valid one that was changed in some bytes or built wrong on purpose (bad prefix, huge length, truncated, wrong compression flag, header
floods, slow bodies), and counts the answers. Every request comes from its number and SEED, so that one can be sent again alone.

Usage: benchmarks/soak/fuzz.py [requests=100000] [seed=1]; ends non-zero if anything is wrong.
"""
import asyncio, collections, random, re, struct, sys, time

from service import PREFACE, Service, frame, grpc_headers, literal

REQUESTS = int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
AT_ONCE = 48
PATIENCE = 5  # seconds for an answer; slow bodies are given up by us, not by the server
LARGEST_GROWTH = 300  # MiB
WRONG = r"50[0124]|no connection"  # 503 and 505 have their reasons

EVENTS = b"1;ttbar;9.44386;38720.1;0.230973;b,54896.9,40167.4,0.800856,0.954695;j,315432,168230,-1.23984,-2.24025\n"
HTTP = [
    (b"POST", b"/generate?process=ttbar&n=10&seed=1&format=npy", b"", b""),
    (b"POST", b"/generate?process=ttbar&n=20&columns=MET_pt,Jet&cut=nJet%3E=2", b"", b""),
    (b"POST", b"/generate", b"Content-Type: application/json\r\n", b'{"process":"ttbar","n":"10","seed":"18446744073709551615","logDensity":true}'),
    (b"POST", b"/density?process=ttbar", b"Content-Type: text/csv\r\n", EVENTS * 3),
    (b"POST", b"/density?process=ttbar&input=jsonl", b"Content-Type: application/octet-stream\r\n", b'{"event":1,"MET_pt":20,"MET_phi":1,"Jet":[]}\n'),
    (b"POST", b"/jobs?process=ttbar&n=10", b"Idempotency-Key: a\r\n", b""),
    (b"GET", b"/models?limit=5", b"", b""),
    (b"GET", b"/models/ttbar-objects/versions/1/file", b"Range: bytes=0-99\r\n", b""),
    (b"PUT", b"/models/ttbar-objects/aliases/candidate", b"Content-Type: application/json\r\n", b'{"version":1,"reason":"fuzz"}'),
    (b"POST", b"/models", b"Content-Type: application/octet-stream\r\n", struct.pack("<Q", 20) + b'{"a":{"dtype":"F32"}}'),
    (b"POST", b"/keys", b"Content-Type: application/json\r\nAuthorization: Bearer esk_none\r\n", b'{"name":"a"}'),
    (b"GET", b"/jobs/1", b"", b""),
    (b"GET", b"/swagger/v1/swagger.json", b"", b""),
]
TOKENS = [b"\r\n", b"\0", b"%00", b"%", b"{", b"[" * 2000, b'"', b"-1", b"1e999", b"NaN", b"18446744073709551616", b"../../etc/passwd", b"\xff\xfe", b";", b"&n=1e18", b"A" * 9000, b"Transfer-Encoding: chunked\r\n"]
SERVICE = b"/eventservice.v1.Events/"


def mutate(draw, data, most=6):
    """Some bytes changed, deleted, doubled or inserted."""
    data = bytearray(data)
    for _ in range(draw.randint(1, most)):
        at = draw.randrange(len(data) + 1)
        kind = draw.randrange(6)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << draw.randrange(8)
        elif kind == 1:
            del data[at : at + draw.randint(1, 20)]
        elif kind == 2:
            data[at:at] = data[at : at + draw.randint(1, 50)]
        elif kind == 3:
            data[at:at] = draw.choice(TOKENS)
        elif kind == 4:
            data[at:at] = draw.randbytes(draw.randint(1, 30))
        elif data:
            del data[at:]
    return bytes(data)


def http_request(draw):
    """Parts of a request, and whether each is sent after a pause."""
    method, path, headers, body = draw.choice(HTTP)
    kind = draw.randrange(10)
    if kind < 3:
        path = mutate(draw, path)
    elif kind < 5:
        body = mutate(draw, body)
    elif kind == 5:
        headers = mutate(draw, headers)
    length = {6: b"99999999999", 7: b"-1"}.get(kind, b"%d" % len(body)) if draw.random() < 0.5 else b"%d" % len(body)
    head = method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + headers
    if kind == 8:
        head += b"".join(b"X-%d: %s\r\n" % (i, b"a" * draw.randint(0, 500)) for i in range(draw.choice([50, 200, 3000])))
    if kind == 9:
        chunk = draw.choice([b"6\r\nabcdef\r\n" * 500, b"FFFFFFFFFFFFFFFF\r\n", b"zz\r\n", b"5\r\nabc", b"0\r\n\r\n"])
        return [head + b"Transfer-Encoding: chunked\r\n\r\n", chunk]
    whole = head + b"Content-Length: " + length + b"\r\n\r\n" + body
    if draw.random() < 0.3:
        whole = mutate(draw, whole, 3)
    return [whole[:30], whole[30:]] if draw.random() < 0.05 else [whole]


def grpc_request(draw):
    method = draw.choice([b"Generate", b"Density", b"Generate", b"Nothing"])
    path = SERVICE + method if draw.random() < 0.8 else draw.choice([b"/grpc.health.v1.Health/Check", b"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"/eventservice.v1.Models/ListModels", b"/"])
    message = b"\x0a\x05ttbar" + draw.choice([b"", b"\x28\x0a", b"\x30\x07"])  # process, and numbers under other tags
    if draw.random() < 0.6:
        message = mutate(draw, message)
    flag, length = 0, len(message)
    kind = draw.randrange(8)
    if kind == 0:
        flag = draw.choice([1, 2, 255])
    elif kind == 1:
        length = draw.choice([0xFFFFFFFF, 0x7FFFFFFF, 1 << 24, length + 1, max(length - 1, 0)])
    data = bytes([flag]) + struct.pack(">I", length) + message
    if kind == 2:
        data = data[: draw.randrange(len(data))]
    elif kind == 3:
        data = mutate(draw, data)
    headers = grpc_headers(path).replace(b"application/grpc", draw.choice([b"application/grpc", b"application/grpc", b"application/xxxx"]))
    if draw.random() < 0.3:
        headers += literal(b"grpc-timeout", draw.choice([b"1S", b"0m", b"99999999H", b"-1S", b"1", b"x"]))
    if draw.random() < 0.3:
        headers += literal(b"grpc-encoding", draw.choice([b"gzip", b"identity", b"snappy"]))
    if kind == 4:
        headers += b"".join(literal(b"x-%d" % i, b"a" * 200) for i in range(draw.choice([10, 300])))
    if kind == 5:
        headers = mutate(draw, headers)
    parts = frame(1, 4, 1, headers) if len(headers) < 16384 else frame(1, 0, 1, headers[:16384]) + b"".join(
        frame(9, 4 if at + 16384 >= len(headers) else 0, 1, headers[at : at + 16384]) for at in range(16384, len(headers), 16384))
    parts += frame(0, 1 if draw.random() < 0.8 else 0, 1, data)
    if kind == 6:
        parts = mutate(draw, parts)
    if kind == 7:
        parts += draw.choice([frame(3, 0, 1, struct.pack(">I", 8)), frame(8, 0, 1, struct.pack(">I", 0)), frame(4, 0, 0, b"\0\4\xff\xff\xff\xff"), frame(6, 0, 0, b"12345678") * 200, frame(15, 0, 9, b"?")])
    return [PREFACE + frame(4, 0, 0, b""), parts]


def frames(answer):
    """What an answer without grpc-status was, by the types of its frames (RFC 9113, section 6)."""
    kinds = set()
    while len(answer) >= 9:
        kinds.add(answer[3])
        answer = answer[9 + int.from_bytes(answer[:3], "big") :]
    return "connection closed (GOAWAY)" if 7 in kinds else "stream reset" if 3 in kinds else "headers only" if 1 in kinds else "no answer"


async def send(port, parts, grpc):
    """The status of the answer, or what happened instead of one."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), PATIENCE)
    except (OSError, asyncio.TimeoutError):
        return "no connection"
    try:
        for k, part in enumerate(parts):
            if k and not grpc:
                await asyncio.sleep(0.02)
            writer.write(part)
            await writer.drain()
        answer = b""
        end = time.monotonic() + PATIENCE
        while len(answer) < 1 << 16 and time.monotonic() < end:
            some = await asyncio.wait_for(reader.read(1 << 14), 0.4 if answer else PATIENCE)
            if not some:
                break
            answer += some
            if grpc and b"grpc-status" in answer:
                break
            if not grpc and len(answer) > 20:
                break
    except asyncio.TimeoutError:
        pass
    except (OSError, ConnectionError):
        answer = b""
    finally:
        writer.transport.abort()
    if grpc:
        status = re.search(rb"grpc-status.([0-9]{1,2})", answer, re.S)
        return f"grpc-status {status.group(1).decode()}" if status else frames(answer)
    status = re.match(rb"HTTP/1.1 ([0-9]{3})", answer)
    return status.group(1).decode() if status else "no answer"


async def main():
    with Service("EventsPerRequest=10000", "AnonymousScopes=read generate") as service:
        counts, numbers, readings, start = collections.Counter(), iter(range(REQUESTS)), [], time.monotonic()

        async def work():
            for number in numbers:
                draw = random.Random(f"{SEED} {number}")
                grpc = number % 2 == 1
                parts = grpc_request(draw) if grpc else http_request(draw)
                outcome = await send(service.grpc if grpc else service.rest, parts, grpc)
                counts[("gRPC " if grpc else "HTTP ") + outcome] += 1
                if re.fullmatch(WRONG, outcome):
                    print(f"request {number}: {outcome}: {parts!r:.400}", flush=True)
                if number % max(1, REQUESTS // 20) == 0:
                    readings.append(service.resources()[0])
                    print(f"{number} of {REQUESTS}, {number / (time.monotonic() - start + 1e-9):.0f}/s, {readings[-1]:.0f} MiB", flush=True)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        await asyncio.sleep(2)
        for outcome, count in sorted(counts.items()):
            print(f"{count:8} {outcome}")
        early = max(readings[: max(2, len(readings) // 4)])
        growth = max(readings) - early
        wrong = [] if service.alive() else [f"the server has died: {service.text()[-2000:]}"]
        wrong += [f"{len(errors)} errors in the log, the first: {errors[0]}" for errors in [service.errors()] if errors]
        wrong += [f"memory grew by {growth:.0f} MiB after the first quarter"] if growth > LARGEST_GROWTH else []
        wrong += [f"{count} answers {outcome}" for outcome, count in counts.items() if re.fullmatch(WRONG, outcome[5:])]
        if service.alive() and len(service.ask("/generate?process=ttbar&n=1000&seed=1&format=npy", "POST")) < 1000:
            wrong.append("a good request is not answered any more")
        print(f"{REQUESTS} requests in {time.monotonic() - start:.0f} s; memory {readings[0]:.0f} MiB at the start, {early:.0f} at most in the first quarter, "
              f"{max(readings):.0f} at most, {readings[-1]:.0f} at the end; {len(service.errors())} errors in the log")
        print("\n".join(wrong) or "nothing wrong")
        return 1 if wrong else 0


sys.exit(asyncio.run(main()))
