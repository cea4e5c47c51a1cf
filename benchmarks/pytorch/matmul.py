"""Matrix products in numpy (its BLAS) and PyTorch, for a comparison of speed.

    matmul.py --threads 1

Says what it runs on in a line of JSON, then answers each line 'numpy m n k kind calls' or 'torch m n k kind calls' with the
processor and wall-clock seconds of so many products C[m, n] = op(A) op(B). kind: NN as they are, NT B transposed, TN A transposed.
"""
import argparse
import ctypes
import io
import json
import sys
import time
from contextlib import redirect_stdout

import numpy as np
import torch


def products(m, n, k, kind):
    random = np.random.default_rng(1)
    a = random.random((k, m) if kind == "TN" else (m, k), dtype=np.float32)
    b = random.random((n, k) if kind == "NT" else (k, n), dtype=np.float32)
    c = np.empty((m, n), dtype=np.float32)
    ta, tb, tc = (torch.from_numpy(x) for x in (a, b, c))
    a, ta = (a.T, ta.t()) if kind == "TN" else (a, ta)
    b, tb = (b.T, tb.t()) if kind == "NT" else (b, tb)
    return {"numpy": lambda: np.matmul(a, b, out=c), "torch": lambda: torch.mm(ta, tb, out=tc)}


def numpy_configuration():
    text = io.StringIO()
    with redirect_stdout(text):
        np.show_config()
    return text.getvalue()


def libraries():
    """The BLAS in use, as loaded, and the kernels that OpenBLAS has chosen for this processor."""
    with open("/proc/self/maps") as maps:
        paths = sorted({line.split()[-1] for line in maps if "blas" in line})
    names = [path.rsplit("/", 1)[-1] for path in paths]
    for path, name in zip(paths, names):
        if name.startswith("libopenblas"):
            core = ctypes.CDLL(path).openblas_get_corename
            core.restype = ctypes.c_char_p
            names.append(f"kernels of {core().decode()}")
    return ", ".join(names)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print the full configurations and stop")
    arguments = parser.parse_args()
    if arguments.show:
        print(numpy_configuration())
        print(torch.__config__.show())
        return
    torch.set_num_threads(arguments.threads)
    print(json.dumps({
        "numpy": np.__version__,
        "PyTorch": torch.__version__,
        "BLAS of both": libraries(),
        "Threads of PyTorch": torch.get_num_threads(),
        "numpy.show_config": numpy_configuration(),
        "torch.__config__": torch.__config__.show(),
    }))
    ready = {}
    for line in sys.stdin:
        library, m, n, k, kind, calls = line.split()
        key = int(m), int(n), int(k), kind
        if key not in ready:
            ready[key] = products(*key)
        product = ready[key][library]
        processor, start = time.process_time(), time.perf_counter()
        for _ in range(int(calls)):
            product()
        print(json.dumps({"seconds": time.perf_counter() - start, "processor": time.process_time() - processor}))


if __name__ == "__main__":
    main()
