"""The service (Release build) in a temporary folder on free ports, and frames of HTTP/2, for the trials of this folder. Standard library only."""
import os, re, shutil, signal, socket, struct, subprocess, tempfile, time, urllib.error, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """Runs until the end of a 'with' block; stop(signal) and start() in between, on the same ports and data."""

    def __init__(self, *settings, data=None):
        self.folder = data or tempfile.mkdtemp(prefix="eventservice-soak-")
        self.keep = data is not None
        self.rest, self.grpc, self.settings = free_port(), free_port(), settings

    def start(self):
        self.log = open(f"{self.folder}/log", "a")
        self.process = subprocess.Popen(
            ["dotnet", f"{ROOT}/artifacts/bin/EventService.Server/release/EventService.Server.dll", f"--EventService:Port={self.rest}", f"--EventService:GrpcPort={self.grpc}",
             f"--EventService:DataFolder={self.folder}/data", f"--EventService:ModelsFolder={ROOT}/models", *(f"--EventService:{s}" for s in self.settings)],
            stdout=self.log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{self.rest}/health/ready", timeout=5).status
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"the service does not start: {self.text()[-2000:]}")

    def stop(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def alive(self):
        return self.process.poll() is None

    def text(self):
        """Its log."""
        return open(f"{self.folder}/log").read()

    def errors(self):
        """Each error of its log with the exception below it."""
        return re.findall(r"^\S+ (?:ERR|FTL) .*(?:\n(?!\S+ [A-Z]{3} ).*)*", self.text(), re.M)

    def ask(self, path, method="GET", body=None, headers={}):
        try:
            return urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.rest}{path}", body, headers, method=method), timeout=600).read()
        except urllib.error.HTTPError as error:
            error.msg += f" {method} {path}: {error.read().decode(errors='replace')}"
            raise

    def resources(self):
        """MiB of memory, threads, file handles."""
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024, int(re.search(r"Threads:\s+(\d+)", status).group(1)), len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def gauge(self, name):
        return sum(float(line.split()[1]) for line in self.ask("/metrics").decode().split("\n") if line.startswith(name))


def frame(kind, flags, stream, payload):
    """RFC 9113, section 4.1."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """HPACK: a literal without indexing, without Huffman's code (RFC 7541, sections 5.2 and 6.2.2)."""

    def text(s):
        return (bytes([len(s)]) if len(s) < 127 else b"\x7f" + varint(len(s) - 127)) + s

    return b"\0" + text(name) + text(value)


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


def grpc_headers(path):
    return (literal(b":method", b"POST") + literal(b":scheme", b"http") + literal(b":path", path) + literal(b":authority", b"localhost")
            + literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers"))


def message(payload):
    """A message of gRPC with its prefix."""
    return b"\0" + struct.pack(">I", len(payload)) + payload


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
