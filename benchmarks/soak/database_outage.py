#!/usr/bin/env python3
"""PostgreSQL stopped for 30 s under load: what clients of the service see, second by second.

Starts a PostgreSQL server and the service (Release build) in a temporary folder, sends generate requests, registry calls, probes and
uploads, stops the database (pg_ctl stop -m immediate), starts it again, and checks: generation and readiness never failed, registry calls
were answered 503 with Retry-After while it was away and well afterwards, every acknowledged upload is there byte by byte.

Usage: benchmarks/soak/database_outage.py [seconds=30]; writes benchmarks/soak/database_outage.log. Needs the packages postgresql and dotnet.
"""
import glob, hashlib, json, os, re, shutil, struct, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 30
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
os.environ["PATH"] = ":".join(sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True) + [os.environ["PATH"]])
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

lines = []


def say(text):
    print(text, flush=True)
    lines.append(text)


def postgres(folder, *words):
    subprocess.run(AS_POSTGRES + ["pg_ctl", "-D", f"{folder}/data", "-w", *words], check=True, stdout=subprocess.DEVNULL)


def model(number):
    """The shipped model under another name with another description, and so another digest."""
    file = open(glob.glob(f"{ROOT}/models/*.safetensors")[0], "rb").read()
    (length,) = struct.unpack_from("<Q", file)
    header = json.loads(file[8 : 8 + length])
    document = json.loads(header["__metadata__"]["eventservice"])
    document["name"], document["description"] = "outage", f"upload {number}"
    header["__metadata__"]["eventservice"] = json.dumps(document)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + file[8 + length :]


def ask(method, url, body=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, method=method), timeout=120) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def main():
    folder = tempfile.mkdtemp(prefix="eventservice-outage-")
    os.chmod(folder, 0o777)
    subprocess.run(AS_POSTGRES + ["initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL)
    options = f"-k {folder} -c listen_addresses="
    postgres(folder, "-o", options, "-l", f"{folder}/log", "start")
    dll = f"{ROOT}/artifacts/bin/EventService.Server/release/EventService.Server.dll"
    service = subprocess.Popen(
        ["dotnet", dll, "--urls=http://127.0.0.1:0", f"--EventService:DataFolder={folder}/service", "--EventService:AnonymousScopes=admin",
         f"--EventService:ModelsFolder={ROOT}/models", f"--EventService:RegistryConnectionString=Host={folder};Username=postgres;Database=postgres"],
        stdout=subprocess.PIPE, text=True)
    try:
        run(folder, options, service)
    finally:
        service.kill()
        service.wait()
        subprocess.run(AS_POSTGRES + ["pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


def run(folder, options, service):
    address = next(m.group(1) for m in (re.search(r"Now listening on: \"?(http://[^\s\"]+)", line) for line in service.stdout) if m)
    threading.Thread(target=service.stdout.read, daemon=True).start()
    assert ask("POST", f"{address}/generate?process=ttbar&n=50")[0] == 200
    start, over, answers, published = time.monotonic(), threading.Event(), [], {}

    def loop(what, send):
        number = 0
        while not over.is_set():
            begun = time.monotonic() - start
            try:
                status, headers, _ = send(number)
                answers.append((what, status, headers.get("Retry-After"), begun, time.monotonic() - start))
            except OSError as error:
                answers.append((what, repr(error), None, begun, time.monotonic() - start))
            number += 1
            time.sleep(0.05)

    def publish(number):
        file = model(number)
        status, headers, body = ask("POST", f"{address}/models", file)
        if status == 201:
            published[json.loads(body)["version"]] = hashlib.sha256(file).hexdigest()
        return status, headers, body

    loads = {
        "generate": lambda _: ask("POST", f"{address}/generate?process=ttbar&n=50&format=npy"),
        "list": lambda _: ask("GET", f"{address}/models"),
        "history": lambda _: ask("GET", f"{address}/models/ttbar-objects/history"),
        "ready": lambda _: ask("GET", f"{address}/health/ready"),
        "publish": publish,
    }
    threads = [threading.Thread(target=loop, args=item) for item in loads.items() for _ in range(4 if item[0] == "generate" else 1)]
    for thread in threads:
        thread.start()
    time.sleep(5)
    stopping = time.monotonic() - start
    postgres(folder, "-m", "immediate", "stop")
    stopped = time.monotonic() - start
    time.sleep(SECONDS)
    starting = time.monotonic() - start
    postgres(folder, "-o", options, "-l", f"{folder}/log", "start")
    started = time.monotonic() - start
    time.sleep(10)
    over.set()
    for thread in threads:
        thread.join()

    say(f"$ benchmarks/soak/database_outage.py {SECONDS:g}   ({time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} processors)")
    say(f"database stopped from {stopped:.1f} s to {starting:.1f} s of the run")
    failures = []
    for what in loads:
        mine = [a for a in answers if a[0] == what]
        phases = [("before", [a for a in mine if a[4] < stopping]), ("away", [a for a in mine if a[3] > stopped and a[4] < starting]),
                  ("after", [a for a in mine if a[3] > started])]
        say(f"{what}: " + "; ".join(f"{phase} " + ", ".join(f"{sum(a[1] == s for a in these)} x {s}" for s in sorted({a[1] for a in these}, key=str))
                                    + (f", slowest {max(a[4] - a[3] for a in these):.2f} s" if these else "none") for phase, these in phases))
        steady = what in ("generate", "ready")
        expected = {"before": (200, 201), "away": (200,) if steady else (503,), "after": (200, 201)}
        for phase, these in phases:
            if not these or any(a[1] not in expected[phase] for a in these):
                failures.append(f"{what} {phase}")
        if steady and any(a[1] != 200 for a in mine):
            failures.append(f"{what} failed at a turn")
        if any(a[1] == 503 and a[2] is None for a in mine):
            failures.append(f"{what}: 503 without Retry-After")
        if not steady:
            first = min(a[4] for a in mine if a[3] > started and a[1] in (200, 201))
            say(f"{what}: first answer {first - started:.2f} s after the database was back")
    for version, sha256 in published.items():
        status, _, file = ask("GET", f"{address}/models/outage/versions/{version}/file")
        if status != 200 or hashlib.sha256(file).hexdigest() != sha256:
            failures.append(f"version {version} is lost")
    say(f"{len(published)} uploads acknowledged, each there byte by byte" if not any("lost" in f for f in failures) else "uploads lost")
    say("FAILED: " + "; ".join(failures) if failures else "passed")
    with open(f"{HERE}/database_outage.log", "w") as log:
        log.write("\n".join(lines) + "\n")
    sys.exit(1 if failures else 0)


main()
