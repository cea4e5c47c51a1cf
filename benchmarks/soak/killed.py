#!/usr/bin/env python3
"""A server killed (SIGKILL) again and again at random times while a job and a stream are under way: both end with the bytes of undisturbed ones.

The stream is 'eventservice generate --server', whose client library goes on where the connection broke; the job goes on after its last finished part.
Usage: benchmarks/soak/killed.py [kills=20] [events=1e6]; writes benchmarks/soak/killed.log, ends non-zero if anything is wrong.
"""
import datetime, hashlib, json, os, random, subprocess, sys, time

from service import ROOT, Service

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
EVENTS = int(float(sys.argv[2])) if len(sys.argv) > 2 else 1_000_000
SEED = 17
CLI = ["dotnet", f"{ROOT}/artifacts/bin/EventService.Cli/release/eventservice.dll"]

log = open(f"{ROOT}/benchmarks/soak/killed.log", "w")
wrong = []


def say(text):
    print(text, flush=True)
    print(text, file=log, flush=True)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def stream(service, path):
    return subprocess.Popen(CLI + ["generate", "--server", f"http://127.0.0.1:{service.grpc}", "--process", "ttbar", "-n", str(EVENTS), "--seed", str(SEED), "--format", "npy", "-o", path],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def submit(service, name):
    return json.loads(service.ask(f"/jobs?process=ttbar&n={EVENTS}&seed={SEED}&format=npy&eventsPerPart={EVENTS // 100}", "POST", headers={"Idempotency-Key": name}))["id"]


def job(service, number):
    return json.loads(service.ask(f"/jobs/{number}"))


def parts(service, number):
    """Digests of the manifest, each checked against the file."""
    listed = json.loads(service.ask(f"/jobs/{number}/manifest"))["parts"]
    for part in listed:
        if digest(f"{service.folder}/data/jobs/{number}/{part['file']}") != part["sha256"]:
            wrong.append(f"{part['file']} of job {number} has another digest than its manifest says")
    return [(part["file"], part["sha256"]) for part in listed]


def finished(service, number):
    while (found := job(service, number))["state"] in ("queued", "running"):
        time.sleep(0.5)
    if found["state"] != "done":
        wrong.append(f"job {number} is {found['state']}: {found.get('error')}")
        return None
    return parts(service, number)


def undisturbed(service):
    """A job, and a stream from the sampler in process."""
    path = f"{service.folder}/undisturbed.npy"
    subprocess.run(CLI + ["generate", "--model", f"{ROOT}/models/ttbar-objects.safetensors", "-n", str(EVENTS), "--seed", str(SEED), "--format", "npy", "-o", path], check=True, stderr=subprocess.DEVNULL)
    return digest(path), finished(service, submit(service, "undisturbed"))


def killed(service, expected_stream, expected_parts):
    draw, number, path = random.Random(1), submit(service, "killed"), f"{service.folder}/killed.npy"
    client, streams, jobs, kills, reconnections = stream(service, path), 0, 0, 0, 0

    def check_stream():
        nonlocal streams, reconnections
        streams += 1
        said = client.stderr.read()
        reconnections += said.count("Trying again")
        if client.returncode != 0:
            wrong.append(f"stream {streams} ended with {client.returncode}: {said[-500:]}")
        elif digest(path) != expected_stream:
            wrong.append(f"stream {streams} has other bytes than an undisturbed one")

    def check_job():
        nonlocal jobs
        jobs += 1
        if finished(service, number) != expected_parts:
            wrong.append(f"job {number} has other files than an undisturbed one")

    while kills < KILLS:
        time.sleep(draw.uniform(1, 25))  # a killed job is taken up when its lease has run out
        service.stop()
        kills += 1
        time.sleep(draw.uniform(0, 2))
        service.start()
        if client.poll() is not None:
            check_stream()
            client = stream(service, path)
        if job(service, number)["state"] not in ("queued", "running"):
            check_job()
            number = submit(service, f"killed-{jobs}")
    client.wait()
    check_stream()
    check_job()
    say(f"{kills} kills: {streams} streams of {EVENTS} events, connections taken up again {reconnections} times; {jobs} jobs of {EVENTS} events in 100 parts")
    if reconnections == 0:
        wrong.append("no kill has met a stream")


with Service("JobLeaseSeconds=5") as service:
    say(f"$ benchmarks/soak/killed.py {KILLS} {EVENTS}   ({datetime.date.today()}, {os.cpu_count()} processors)")
    killed(service, *undisturbed(service))
say("\n".join(wrong) or "nothing wrong: every byte is that of an undisturbed one")
sys.exit(1 if wrong else 0)
