#!/usr/bin/env python3
"""Times the paper's networks on one device: tuckerseg's levels beside eager PyTorch's original, random weights, by precision, in one run.

The peer is dynamic_network_architectures' PlainConvUNet as nnU-Net builds it, in eager PyTorch; its half precision is torch.autocast, as in nnU-Net's predictor.
Both with the patch on the device and the logits left there. Each library has its own process. PyTorch's own choices are tried too, and named: a search for the
fastest kernels (cudnn.benchmark), channels last, and on CUDA TF32, which is not float32.

The peer needs a virtual environment, whose Python runs this script:
  python3 -m venv PEER && PEER/bin/pip install torch dynamic-network-architectures
Usage, after `make build`, on a machine that does nothing else:
  PEER/bin/python tests/bench/torch_peer.py [--device cuda:0] [--archs 1.5mm,3mm] [--precisions fp32,bf16,fp16] [--levels 0.5,0.3] [--patch 128,128,128]
    [--repeat 10] [--threads 2] [--bin build/release/bin]
Prints a Markdown table for each network. Ends with 0 (done), 1 (failed) or 2 (wrong usage).
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ARCHS = {"1.5mm": ([32, 64, 128, 256, 320, 320], 25, [128, 128, 128]), "3mm": ([32, 64, 128, 256, 320], 118, [112, 112, 128])}


def network(arch):
    from dynamic_network_architectures.architectures.unet import PlainConvUNet
    from torch import nn
    features, classes, _ = ARCHS[arch]
    stages = len(features)
    return PlainConvUNet(1, stages, features, nn.Conv3d, [[3, 3, 3]] * stages, [[1, 1, 1]] + [[2, 2, 2]] * (stages - 1), [2] * stages, classes, [2] * (stages - 1),
                         conv_bias=True, norm_op=nn.InstanceNorm3d, norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=nn.LeakyReLU,
                         nonlin_kwargs={"inplace": True}, deep_supervision=False).eval()


def peer(arch, patch, device, ways, repeat, threads):
    """Times and peaks of each way in turn, in this process."""
    import torch
    torch.set_num_threads(threads)
    kind = torch.device(device).type
    results = []
    for way in ways:
        torch.backends.cudnn.benchmark = way["search"]
        torch.backends.cudnn.allow_tf32 = way["tf32"]
        torch.backends.cuda.matmul.allow_tf32 = way["tf32"]
        layout = torch.channels_last_3d if way["channels_last"] else torch.contiguous_format
        net = network(arch).to(device).to(memory_format=layout)
        image = torch.randn(1, 1, *patch, device=device).to(memory_format=layout)
        dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[way["precision"]]
        seconds = []
        if kind == "cuda":
            torch.cuda.reset_peak_memory_stats()
        with torch.inference_mode(), torch.autocast(kind, dtype=dtype, enabled=dtype is not None):
            for run in range(repeat + 2):
                begin = time.perf_counter()
                net(image)
                if kind == "cuda":
                    torch.cuda.synchronize()
                if run >= 2:
                    seconds.append(time.perf_counter() - begin)
        peak = torch.cuda.max_memory_allocated() if kind == "cuda" else None
        results.append({"min_s": min(seconds), "median_s": statistics.median(seconds), "peak_bytes": peak})
        del net, image
    return {"torch": torch.__version__, "results": results,
            "products": {precision: matrix_product(device, precision) for precision in dict.fromkeys(way["precision"] for way in ways)}}


def matrix_product(device, precision):
    """Operations a second of a large product: what the device can do."""
    import torch
    torch.backends.cuda.matmul.allow_tf32 = False
    size = 8192 if torch.device(device).type == "cuda" else 2048
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    least = float("inf")
    for _ in range(6):
        begin = time.perf_counter()
        a @ b
        if a.is_cuda:
            torch.cuda.synchronize()
        least = min(least, time.perf_counter() - begin)
    return 2 * size**3 / least


def run_peer(settings):
    done = subprocess.run([sys.executable, __file__, "--peer-process", json.dumps(settings)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("the peer failed: " + (done.stderr.strip().splitlines() or ["without a word"])[-1])
    return json.loads(done.stdout)


def ways_of(device, precision):
    """The peer's ways to run one precision; the first is what others are compared to."""
    def way(name, search=False, channels_last=False, tf32=False):
        return {"name": name, "precision": precision, "search": search, "channels_last": channels_last, "tf32": tf32}
    found = [way("eager PyTorch")]
    if device == "cpu":
        return found + [way("eager PyTorch, channels last", channels_last=True)]
    found += [way("eager PyTorch, cudnn.benchmark", search=True), way("eager PyTorch, cudnn.benchmark, channels last", search=True, channels_last=True)]
    if precision == "fp32":
        found.append(way("eager PyTorch, cudnn.benchmark, TF32", search=True, tf32=True))
    return found


def row(name, precision, result, gmac, base):
    peak = result["peak_bytes"]
    memory = f"{peak / 2**20:.0f}" if peak is not None else "-"
    return (f"| {name} | {precision} | {result['min_s'] * 1e3:.2f} | {result['median_s'] * 1e3:.2f} | {2e-3 * gmac / result['min_s']:.2f} | {memory} | "
            f"{base / result['median_s']:.2f} |")


def run_ours(arch, patch, precision, arguments):
    command = [arguments.bin / "tuckerseg-compress", "bench", "--arch", arch, "--levels", "original," + arguments.levels, "--patch", ",".join(map(str, patch)),
               "--device", arguments.device, "--precision", precision, "--repeat", str(arguments.repeat), "--threads", str(arguments.threads), "--on-device", "--json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("tuckerseg-compress bench failed: " + done.stderr.strip())
    return json.loads(done.stdout)


def table(arch, patch, arguments):
    precisions = arguments.precisions
    tried = [way for precision in precisions for way in ways_of(arguments.device, precision)]
    theirs = run_peer({"arch": arch, "patch": patch, "device": arguments.device, "ways": tried, "repeat": arguments.repeat, "threads": arguments.threads})
    lines = []
    for precision in precisions:
        ours = run_ours(arch, patch, precision, arguments)
        results = [(way["name"], result) for way, result in zip(tried, theirs["results"]) if way["precision"] == precision]
        base = results[0][1]["median_s"]
        lines += [row(name, precision, result, ours["results"][0]["gmac"], base) for name, result in results]
        lines += [row("tuckerseg, " + result["variant"], precision, result, result["gmac"], base) for result in ours["results"]]
    products = ", ".join(f"{precision} {flops / 1e12:.2f}" for precision, flops in theirs["products"].items())
    print(f"\n{arch}, patch {' x '.join(map(str, patch))}, {ours['device']}, {arguments.threads} threads; PyTorch {theirs['torch']}")
    print(f"TFLOP/s in a large matrix product: {products}\n")
    print("| what runs | precision | least, ms | median, ms | TFLOP/s | peak, MiB | times as fast as eager PyTorch of this precision |\n"
          "| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines), flush=True)


def listed(known):
    """A parser of comma-separated names."""
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name}: must be of {', '.join(known)}")
        return names
    return parse


def three_integers(text):
    axes = text.split(",")
    if len(axes) != 3 or not all(axis.isdigit() for axis in axes):
        raise argparse.ArgumentTypeError(f"{text}: must be three numbers of voxels, D,H,W")
    return [int(axis) for axis in axes]


def main():
    if sys.argv[1:2] == ["--peer-process"]:
        print(json.dumps(peer(**json.loads(sys.argv[2]))))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--archs", type=listed(list(ARCHS)), default=list(ARCHS))
    parser.add_argument("--precisions", type=listed(["fp32", "bf16", "fp16"]), default=["fp32"])
    parser.add_argument("--levels", default="0.5,0.3", help="factors of the paper's rank rule, beside the original")
    parser.add_argument("--patch", type=three_integers, help="default: the network's own")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--bin", type=pathlib.Path, default=REPOSITORY / "build/release/bin")
    arguments = parser.parse_args()
    try:
        for arch in arguments.archs:
            table(arch, arguments.patch or ARCHS[arch][2], arguments)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
