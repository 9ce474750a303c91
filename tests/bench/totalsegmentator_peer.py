#!/usr/bin/env python3
"""Times one CT through tuckerseg's server and client, and through Python's TotalSegmentator, with the same weights, in one run.

Both run `total` at 3 mm (`--fast`; here the task total_fast) on the CPU, on the same cores with as many threads, from a NIfTI file to a label map in a
file. Measured for each:
  cold     a fresh process up to the first label map. Ours: server start, load of the imported bundle, first request, the client's own process. The peer's:
           interpreter, imports, load of the weights, first call. Files are in the page cache: the peer is imported once before, untimed.
  warm     further requests to that server, further calls in that process: median of --repeats.
  predict  the share that predicts: our stage `infer`, nnU-Net's `predict_logits_from_preprocessed_data` (patches, network, summing them).
  network  the share of the network alone: `network_seconds`, nnU-Net's `_internal_maybe_mirror_and_predict`.
           What is left of the warm time is overhead, also given a voxel of the input. Ours holds the last 1x1x1 convolution once a voxel in `network`, the
           search for the largest logit in `predict`; nnU-Net's has the convolution once a patch, and searches after `predict`.
  memory   most ever resident of the server and of the calling Python process (VmHWM); and all processes of each side together (proportional set size,
           sampled) in one more call, which is not timed, as sampling disturbs.
At each call TotalSegmentator starts a process for preprocessing and six for saving, and each imports torch. Six is its default; a second column has one,
to show what fewer imports save on few cores.
At the end the label maps are compared: fewer equal labelled voxels than --least-agreement (99.9 %) is a failure, as then not the same work was timed.

The peer needs a virtual environment, whose Python runs this script (6 GB: torch's wheel is linked to the CUDA libraries, used or not):
  python3 -m venv PEER && PEER/bin/pip install torch==2.15.0 TotalSegmentator==2.18.0 nnunetv2==2.8.1
Usage, after `make build`, on a machine that does nothing else:
  PEER/bin/python tests/bench/totalsegmentator_peer.py [--ct CT.nii.gz] [--results FOLDER] [--bin build/release/bin] [--threads 2] [--repeats 3]
FOLDER holds Dataset297_TotalSegmentator_total_3mm_1559subj; CT and FOLDER default to those of TUCKERSEG_TEST_DATA. Prints a Markdown table, progress on
standard error. Ends with 0 (done), 1 (failed) or 2 (wrong usage). TotalSegmentator's usage statistics are off, nothing is downloaded.
"""
import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
NETWORK = "Dataset297_TotalSegmentator_total_3mm_1559subj"
TASK = "total_fast"
SAMPLE_EVERY_S = 0.2


class BenchError(Exception):
    """What went wrong, in one line."""


def vm_hwm_mib(pid):
    """Most that this process ever had resident."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise BenchError(f"process {pid} has no VmHWM: it must be running")


# --- the peer's process: this script again, with --peer-process -------------------------------------------------------------------------------------------


class SummedTimer:
    """Replaces a method of a class by one that also sums its wall time in `seconds` and keeps what `note()` gave at each call in `notes`."""

    def __init__(self, owner, method, note=lambda: None):
        self.reset()
        wrapped = getattr(owner, method)

        def timed(*args, **kwargs):
            self.notes.append(note())
            start = time.perf_counter()
            try:
                return wrapped(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start

        setattr(owner, method, timed)

    def reset(self):
        self.seconds, self.notes = 0.0, []


def peer_process(threads):
    """Answers each line {"ct", "output", "saving_workers"} on standard input by a line with what the call took."""
    # TotalSegmentator and its workers print to standard output: the answers get a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    import multiprocessing
    multiprocessing.cpu_count = lambda: threads  # TotalSegmentator gives torch so many threads, whatever the affinity and OMP_NUM_THREADS
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from totalsegmentator.python_api import totalsegmentator
    predict = SummedTimer(nnUNetPredictor, "predict_logits_from_preprocessed_data")
    network = SummedTimer(nnUNetPredictor, "_internal_maybe_mirror_and_predict", note=torch.get_num_threads)
    for line in sys.stdin:
        call = json.loads(line)
        predict.reset()
        network.reset()
        totalsegmentator(call["ct"], call["output"], ml=True, fast=True, task="total", device="cpu", quiet=True, nr_thr_saving=call["saving_workers"])
        if not network.notes or predict.seconds == 0:
            raise SystemExit("error: nnU-Net's predictor ran without the methods that are timed: must be nnunetv2 2.8.1")
        print(json.dumps({"predict_s": predict.seconds, "network_s": network.seconds, "threads": max(network.notes),
                          "peak_mib": vm_hwm_mib("self")}), file=answers)


# --- both sides, seen from outside ------------------------------------------------------------------------------------------------------------------------


class Peer:
    """TotalSegmentator in a process that stays, with a home and a weights folder of its own, so that it changes no one else's."""

    def __init__(self, args, folder, saving_workers):
        self.column = f"TotalSegmentator, {saving_workers} for saving"
        self._ct, self._saving_workers = str(args.ct), saving_workers
        self.label_map = folder / "labels.nii.gz"
        home, weights = folder / "home", folder / "weights"
        home.mkdir(parents=True)
        weights.mkdir()
        # TotalSegmentator deletes outdated networks from its weights folder: it gets one that holds a link and nothing else.
        (weights / NETWORK).symlink_to(args.results / NETWORK)
        (home / "config.json").write_text(json.dumps({"totalseg_id": "bench", "send_usage_stats": False, "prediction_counter": 0,
                                                      "statistics_disclaimer_shown": True}))
        self._environment = {**os.environ, "TOTALSEG_HOME_DIR": str(home), "TOTALSEG_WEIGHTS_PATH": str(weights), "nnUNet_results": str(weights)}
        self._log_path = folder / "log.txt"
        self._threads = args.threads

    def start(self):
        with open(self._log_path, "w") as log:
            self.process = subprocess.Popen([sys.executable, __file__, "--peer-process", str(self._threads)], env=self._environment, text=True, bufsize=1,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def call(self):
        try:
            self.process.stdin.write(json.dumps({"ct": self._ct, "output": str(self.label_map), "saving_workers": self._saving_workers}) + "\n")
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise BenchError("TotalSegmentator failed; the end of its output:\n" + self._log_path.read_text()[-2000:])
        return json.loads(answer)

    def stop(self):
        if not hasattr(self, "process"):  # it could not be started
            return
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Tuckerseg:
    """The server as a process that stays; each call is a client's process."""

    column = "tuckerseg"

    def __init__(self, args, folder):
        self._bin, self._ct, self._folder = args.bin, str(args.ct), folder
        self.label_map = folder / "labels.nii.gz"
        (folder / "models").mkdir(parents=True)
        run_program([self._bin / "tuckerseg-compress", "import", "--nnunet", args.results / NETWORK, "--task", TASK, "-o", folder / "models" / TASK])
        (folder / "server.json").write_text(json.dumps({"models": str(folder / "models"), "threads": args.threads, "listen": "127.0.0.1:0",
                                                        "metrics": "127.0.0.1:0", "drain_delay_s": 0}))

    def start(self):
        with open(self._folder / "errors.txt", "w") as errors:
            self.process = subprocess.Popen([self._bin / "tuckerseg-server", "--config", self._folder / "server.json"], text=True, stdout=subprocess.PIPE,
                                            stderr=errors)
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "serving":
                self._address, self._threads = f"127.0.0.1:{event['port']}", event["threads"]
                threading.Thread(target=self.process.stdout.read, daemon=True).start()  # a full pipe would block the server at its next log line
                return
        raise BenchError("the server did not start: " + (self._folder / "errors.txt").read_text().strip())

    def call(self):
        out = run_program([self._bin / "tuckerseg", "segment", self._ct, "--server", self._address, "--task", TASK, "-o", self.label_map, "--json", "--quiet"])
        answer = json.loads(out)
        return {"predict_s": answer["stages"]["infer"], "network_s": answer["network_seconds"], "threads": self._threads, "stages": answer["stages"],
                "server_s": answer["seconds"], "peak_mib": vm_hwm_mib(self.process.pid)}

    def stop(self):
        if not hasattr(self, "process"):  # it could not be started
            return
        self.process.terminate()
        self.process.wait()


def run_program(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"{pathlib.Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout


class TreeMemory:
    """Samples what all descendants of this process have in memory together (proportional set size); `peak_mib` is the most that was seen."""

    def __enter__(self):
        self.peak_mib = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _sample(self):
        while not self._end.wait(SAMPLE_EVERY_S):
            self.peak_mib = max(self.peak_mib, sum(pss_mib(pid) for pid in descendants(os.getpid())))


def descendants(pid):
    found = []
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread or a process may end while it is looked at
            for child in children.read_text().split():
                found += [child, *descendants(child)]
    return found


def pss_mib(pid):
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def measure(side, repeats, threads):
    """Cold, warm and memory of one side; the process is started and stopped here."""
    start = time.perf_counter()
    try:
        side.start()
        started = time.perf_counter() - start
        first = side.call()
        cold = time.perf_counter() - start
        say(f"{side.column}: cold {cold:.2f} s (process started {started:.2f})")
        calls = []
        for _ in range(repeats):
            start = time.perf_counter()
            answer = side.call()
            calls.append({**answer, "wall_s": time.perf_counter() - start})
            say(f"{side.column}: warm {calls[-1]['wall_s']:.2f} s (predict {answer['predict_s']:.2f}, network {answer['network_s']:.2f})")
        seen = {call["threads"] for call in calls}
        if seen != {threads}:
            raise BenchError(f"{side.column} ran with {sorted(seen)} threads: must be {threads}, as the other side")
        peak = calls[-1]["peak_mib"]
        with TreeMemory() as memory:
            side.call()
    finally:
        side.stop()
    if memory.peak_mib == 0:
        raise BenchError("no process was seen in /proc: this needs Linux with /proc/PID/task/TID/children and smaps_rollup")
    if not side.label_map.is_file():
        raise BenchError(f"{side.column} wrote no label map")
    return {"cold_s": cold, "started_s": started, "first": first, "calls": calls, "peak_mib": peak, "tree_mib": memory.peak_mib}


# --- the report -------------------------------------------------------------------------------------------------------------------------------------------


def say(message):
    print(message, file=sys.stderr, flush=True)


def median_of(result, figure):
    return statistics.median(figure(call) for call in result["calls"])


ROWS = [
    ("cold: fresh process to first label map", "s", lambda r, voxels: r["cold_s"]),
    ("warm: file to label map", "s", lambda r, voxels: median_of(r, lambda c: c["wall_s"])),
    ("of it prediction", "s", lambda r, voxels: median_of(r, lambda c: c["predict_s"])),
    ("of it the network", "s", lambda r, voxels: median_of(r, lambda c: c["network_s"])),
    ("outside prediction", "s", lambda r, voxels: median_of(r, lambda c: c["wall_s"] - c["predict_s"])),
    ("outside the network", "s", lambda r, voxels: median_of(r, lambda c: c["wall_s"] - c["network_s"])),
    ("outside the network, a voxel of the input", "ns", lambda r, voxels: 1e9 * median_of(r, lambda c: c["wall_s"] - c["network_s"]) / voxels),
    ("most resident: server; calling process", "MiB", lambda r, voxels: r["peak_mib"]),
    ("most in memory, all processes of a side", "MiB", lambda r, voxels: r["tree_mib"]),
]


def in_words(value, unit):
    return f"{value:.2f}" if unit == "s" else f"{value:.0f}"


def print_table(ours, peers, voxels):
    """`peers` is {column: result}. A peer's figure is followed by how many times ours it is."""
    print("| | unit | tuckerseg | " + " | ".join(peers) + " |")
    print("| --- | --- | ---" + " | ---" * len(peers) + " |")
    for name, unit, figure in ROWS:
        own = figure(ours, voxels)
        cells = [f"{in_words(figure(peer, voxels), unit)} ({figure(peer, voxels) / own:.1f}x)" for peer in peers.values()]
        print(f"| {name} | {unit} | {in_words(own, unit)} | " + " | ".join(cells) + " |")


def print_spread(name, result):
    walls = [call["wall_s"] for call in result["calls"]]
    threads = {call["threads"] for call in result["calls"]}
    print(f"- {name}: warm {min(walls):.2f} to {max(walls):.2f} s in {len(walls)} calls, {'/'.join(map(str, sorted(threads)))} threads")


def print_our_stages(ours, voxels):
    names = ours["calls"][0]["stages"]
    stages = ", ".join(f"{name} {median_of(ours, lambda c: c['stages'].get(name, 0.0)):.3f}" for name in names)
    outside = median_of(ours, lambda c: c["server_s"] - c["network_s"])
    print(f"- tuckerseg's stages, s: {stages}; {median_of(ours, lambda c: c['wall_s'] - c['server_s']):.3f} more are the client's")
    print(f"- in the server outside the network: {outside:.2f} s, {1e9 * outside / voxels:.0f} ns a voxel of the input; server started in {ours['started_s']:.2f} s")


def print_machine(args, shape):
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("TotalSegmentator", "nnunetv2", "torch"))
    print(f"- {model}, {args.threads} threads; the CT: {' x '.join(map(str, shape))} voxels")
    print(f"- {run_program([args.bin / 'tuckerseg-server', '--version']).strip()} (tuckerseg), {versions}, Python {platform.python_version()}")


def load_labels(path):
    import nibabel
    import numpy
    image = nibabel.load(path)
    return numpy.asanyarray(image.dataobj), image.affine


def print_agreement(ours, peer, column, least):
    """Compares the two files; raises if they do not show the same work."""
    import numpy
    own, own_affine = load_labels(ours)
    other, other_affine = load_labels(peer)
    if own.shape != other.shape or not numpy.allclose(own_affine, other_affine, atol=1e-3):
        raise BenchError(f"{column}: label maps lie on different grids")
    equal = numpy.mean(own == other)
    labelled = (own > 0) | (other > 0)
    if not labelled.any():
        raise BenchError(f"{column}: both label maps are empty: nothing shows that the same work was done")
    print(f"- {column}: {100 * equal:.4f} % of all voxels equal tuckerseg's, {100 * numpy.mean((own == other)[labelled]):.4f} % of the {labelled.sum()} labelled "
          f"by either; {len(numpy.unique(own)) - 1} and {len(numpy.unique(other)) - 1} structures")
    share = numpy.mean((own == other)[labelled])
    if share < least:  # of the labelled ones: most voxels are background on both sides whatever was found
        raise BenchError(f"{column}: {100 * share:.4f} % of labelled voxels are equal: must be at least {100 * least:.4f} %")


# --- what is asked for ------------------------------------------------------------------------------------------------------------------------------------


def parse_arguments():
    data = pathlib.Path(os.environ.get("TUCKERSEG_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ct", type=pathlib.Path, default=data / "ct" / "oblique_2mm.nii.gz", help="CT, .nii or .nii.gz (default: %(default)s)")
    parser.add_argument("--results", type=pathlib.Path, default=data / "totalsegmentator", help=f"folder that holds {NETWORK} (default: %(default)s)")
    parser.add_argument("--bin", type=pathlib.Path, default=REPOSITORY / "build" / "release" / "bin", help="our programs (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="threads, and cores, of each side (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="warm calls (default: %(default)s)")
    parser.add_argument("--saving-workers", type=int, nargs="+", default=[6, 1], help="TotalSegmentator's --nr_thr_saving, a column each (default: 6 1)")
    parser.add_argument("--least-agreement", type=float, default=0.999, help="share of equal labelled voxels below which the run fails (default: %(default)s)")
    args = parser.parse_args()
    args.saving_workers = list(dict.fromkeys(args.saving_workers))
    if args.repeats < 1 or args.threads < 1 or min(args.saving_workers) < 1:
        parser.error("--repeats, --threads and --saving-workers must be 1 or more")
    for name in ("ct", "results", "bin"):
        setattr(args, name, getattr(args, name).resolve())
    return args


def check_what_is_needed(args):
    if importlib.util.find_spec("totalsegmentator") is None:
        raise BenchError(f"TotalSegmentator is not installed for {sys.executable}: run this script by the Python of the environment that its head describes")
    if not args.ct.is_file():
        raise BenchError("--ct: no such file: must be a CT as .nii or .nii.gz")
    if not (args.results / NETWORK).is_dir():
        raise BenchError(f"--results: must be a folder that holds {NETWORK}")
    for program in ("tuckerseg", "tuckerseg-server", "tuckerseg-compress"):
        if not os.access(args.bin / program, os.X_OK):
            raise BenchError(f"--bin: holds no program {program}: run `make build`, or name the folder of the programs")
    cores = sorted(os.sched_getaffinity(0))
    if args.threads > len(cores):
        raise BenchError(f"--threads {args.threads}: must be at most {len(cores)}, the cores that this process may use")
    os.sched_setaffinity(0, cores[:args.threads])  # both sides inherit it


def run(args):
    check_what_is_needed(args)
    say("importing TotalSegmentator once, untimed")
    run_program([sys.executable, "-c", "import totalsegmentator.python_api, totalsegmentator.nnunet"])
    import nibabel
    shape = nibabel.load(args.ct).shape
    voxels = shape[0] * shape[1] * shape[2]
    with tempfile.TemporaryDirectory(prefix="tuckerseg_peer_") as folder:
        folder = pathlib.Path(folder)
        tuckerseg = Tuckerseg(args, folder / "tuckerseg")
        peers = [Peer(args, folder / f"totalsegmentator_{workers}", workers) for workers in args.saving_workers]
        ours = measure(tuckerseg, args.repeats, args.threads)
        theirs = {peer.column: measure(peer, args.repeats, args.threads) for peer in peers}
        print_table(ours, theirs, voxels)
        print()
        print_machine(args, shape)
        for column, result in {tuckerseg.column: ours, **theirs}.items():
            print_spread(column, result)
        print_our_stages(ours, voxels)
        for peer in peers:
            print_agreement(tuckerseg.label_map, peer.label_map, peer.column, args.least_agreement)


def main():
    if sys.argv[1:2] == ["--peer-process"]:
        peer_process(int(sys.argv[2]))
        return 0
    try:
        run(parse_arguments())
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
