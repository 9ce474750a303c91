#!/usr/bin/env python3
"""Times decomposing a whole network by its weights: tuckerseg's decompose and tensorly's partial_tucker, on the same random weights, in one run.

Both decompose every convolution of the paper's network, transposed ones and the head included, over its two channel modes at the ranks of LEVEL, on as
many threads: tensorly as the paper's authors call it (HOOI from an SVD start), but until the error falls by less than 1e-5, as ours does (its default
is 1e-4), and with no iteration (HOSVD). Ours besides: all levels in one elastic file.

The peer needs a virtual environment, whose Python runs this script:
  python3 -m venv PEER && PEER/bin/pip install tensorly numpy scipy
Usage, after `make build`, on a machine that does nothing else:
  PEER/bin/python tests/bench/tensorly_peer.py [--arch 1.5mm] [--level 0.3] [--threads 2] [--bin build/release/bin]
Prints a Markdown table. Ends with 0 (done), 1 (failed) or 2 (wrong usage).
"""
import argparse
import json
import math
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def read_safetensors(path):
    import numpy
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        yield name, numpy.frombuffer(data[8 + length + begin:8 + length + end], dtype="<f4").reshape(entry["shape"])


def rank(channels, level):
    """The paper's rule."""
    return min(channels, max(8, math.ceil(channels * level)))


def peer(weights, level, iterations):
    """Seconds of partial_tucker over all convolutions, and the process' peak in bytes beside what it held before."""
    import tensorly.decomposition
    tensors = [(name, tensor) for name, tensor in read_safetensors(weights) if tensor.ndim == 5]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    begin = time.perf_counter()
    for _, tensor in tensors:
        tensorly.decomposition.partial_tucker(tensor, rank=[rank(tensor.shape[0], level), rank(tensor.shape[1], level)], modes=[0, 1],
                                              n_iter_max=iterations, init="svd", tol=1e-5)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before}


def run_peer(weights, level, iterations, threads):
    """In a process of its own: the peak is then this work's alone."""
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    command = [sys.executable, __file__, "--peer-process", weights, str(level), str(iterations)]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def row(name, result, base):
    return (f"| {name} | {result['seconds']:.2f} s | {result['peak_bytes'] / 2**20:.0f} MiB | "
            + (f"{result['seconds'] / base['seconds']:.1f} |" if base else "|"))


def main():
    if sys.argv[1:2] == ["--peer-process"]:
        print(json.dumps(peer(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="1.5mm", choices=["1.5mm", "3mm"])
    parser.add_argument("--level", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bin", type=pathlib.Path, default=REPOSITORY / "build/release/bin")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = str(pathlib.Path(folder) / "weights.safetensors")
        command = [arguments.bin / "tuckerseg-decompose-bench", arguments.arch, str(arguments.level), str(arguments.threads), weights]
        try:
            ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            hosvd = run_peer(weights, arguments.level, 0, arguments.threads)
            hooi = run_peer(weights, arguments.level, 100, arguments.threads)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"error: {error}: {getattr(error, 'stderr', '') or ''}", file=sys.stderr)
            return 1
    print(f"{arguments.arch}, level {arguments.level}, {arguments.threads} threads\n")
    print("| | time | peak memory | times ours |\n| --- | --- | --- | --- |")
    print(row("tuckerseg HOSVD", ours["hosvd"], None))
    print(row("tensorly, no iteration", hosvd, ours["hosvd"]))
    print(row("tuckerseg HOOI", ours["hooi"], None))
    print(row("tensorly partial_tucker", hooi, ours["hooi"]))
    print(row("tuckerseg, nine levels in one elastic file", ours["elastic"], None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
