#!/usr/bin/env python3
"""Times the sliding window over one CT, from the preprocessed image to its labels: tuckerseg's server beside nnU-Net's own predictor, one network with random weights, one device, one run.

The network is the paper's of 1.5 mm (25 outputs, patch 128 x 128 x 128, as nnU-Net builds it), in a folder as nnU-Net writes it, which tuckerseg imports; the CT has its spacing, so that
nothing is resampled. Ours: the stage `infer` of a request, setting by setting: fp16x4 is a device of precision fp16 and four patches at once. The peer: `predict_sliding_window_return_logits` with its defaults (on CUDA autocast to half
precision, sums in half precision on the device), then an argmax on the device and the labels' way to the host. Each in a process of its own, the least of --repeats after one untimed.

The peer needs a virtual environment, whose Python runs this script:
  python3 -m venv PEER && PEER/bin/pip install torch nnunetv2==2.8.1
Usage, after `make build`, on a machine that does nothing else:
  PEER/bin/python tests/bench/window_peer.py [--device cuda:0] [--settings fp32,bf16,fp16,fp16x4] [--shape 240,240,280] [--threads 8] [--repeats 3] [--bin build/release/bin]
Prints a Markdown table. Ends with 0 (done), 1 (failed) or 2 (wrong usage).
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy

import torch_peer

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FEATURES, CLASSES, PATCH = torch_peer.ARCHS["1.5mm"]
SPACING = 1.5
ADDRESS = "127.0.0.1:50571"


def plans():
    stages = len(FEATURES)
    rule = {"order_z": 0, "force_separate_z": None}
    resampling = {"resampling_fn_data": "resample_data_or_seg_to_shape", "resampling_fn_data_kwargs": {"is_seg": False, "order": 3, **rule},
                  "resampling_fn_seg": "resample_data_or_seg_to_shape", "resampling_fn_seg_kwargs": {"is_seg": True, "order": 1, **rule},
                  "resampling_fn_probabilities": "resample_data_or_seg_to_shape", "resampling_fn_probabilities_kwargs": {"is_seg": False, "order": 1, **rule}}
    network = {"n_stages": stages, "features_per_stage": FEATURES, "conv_op": "torch.nn.modules.conv.Conv3d", "kernel_sizes": [[3, 3, 3]] * stages,
               "strides": [[1, 1, 1]] + [[2, 2, 2]] * (stages - 1), "n_conv_per_stage": [2] * stages, "n_conv_per_stage_decoder": [2] * (stages - 1), "conv_bias": True,
               "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d", "norm_op_kwargs": {"eps": 1e-5, "affine": True}, "dropout_op": None, "dropout_op_kwargs": None,
               "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True}}
    configuration = {"data_identifier": "nnUNetPlans_3d_fullres", "preprocessor_name": "DefaultPreprocessor", "batch_size": 2, "patch_size": PATCH,
                     "median_image_size_in_voxels": [250.0] * 3, "spacing": [SPACING] * 3, "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [False], **resampling,
                     "architecture": {"network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet", "arch_kwargs": network,
                                      "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"]}, "batch_dice": False}
    return {"dataset_name": "Dataset901_window", "plans_name": "nnUNetPlans", "original_median_spacing_after_transp": [SPACING] * 3,
            "original_median_shape_after_transp": [250] * 3, "image_reader_writer": "SimpleITKIO", "transpose_forward": [0, 1, 2], "transpose_backward": [0, 1, 2],
            "configurations": {"3d_fullres": configuration}, "experiment_planner_used": "ExperimentPlanner", "label_manager": "LabelManager",
            "foreground_intensity_properties_per_channel": {"0": {"max": 3000.0, "mean": 0.0, "median": 0.0, "min": -1024.0, "percentile_00_5": -1000.0,
                                                                  "percentile_99_5": 1000.0, "std": 250.0}}}


def dataset():
    labels = {"background": 0, **{f"structure_{value}": value for value in range(1, CLASSES)}}
    return {"channel_names": {"0": "CT"}, "labels": labels, "numTraining": 1, "file_ending": ".nii.gz"}


def network():
    import torch
    torch.manual_seed(1)
    return torch_peer.network("1.5mm")


def hounsfield(shape):
    """[z][y][x], smooth enough that labels form regions."""
    random = numpy.random.default_rng(1)
    coarse = random.normal(0, 300, [axis // 8 + 1 for axis in reversed(shape)])
    image = coarse.repeat(8, 0).repeat(8, 1).repeat(8, 2)[:shape[2], :shape[1], :shape[0]]
    return (image + random.normal(0, 20, image.shape)).clip(-1000, 1000).astype(numpy.int16)


def write_nifti(path, image):
    header = numpy.zeros(352, numpy.uint8)
    header[0:4].view("<i4")[0] = 348
    header[40:56].view("<i2")[:] = [3, *reversed(image.shape), 1, 1, 1, 1]
    header[70:74].view("<i2")[:] = [4, 16]  # int16
    header[76:108].view("<f4")[:] = [1, SPACING, SPACING, SPACING, 0, 0, 0, 0]
    header[108:112].view("<f4")[0] = 352
    header[112:116].view("<f4")[0] = 1
    header[123] = 2  # millimetres
    header[254:256].view("<i2")[0] = 1
    header[280:328].view("<f4")[:] = [SPACING, 0, 0, 0, 0, SPACING, 0, 0, 0, 0, SPACING, 0]
    header[344:348] = list(b"n+1\0")
    with open(path, "wb") as file:
        file.write(header.tobytes())
        file.write(image.astype("<i2").tobytes())


def write_results(folder):
    import torch
    fold = folder / "fold_0"
    fold.mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans()))
    (folder / "dataset.json").write_text(json.dumps(dataset()))
    torch.save({"network_weights": network().state_dict(), "trainer_name": "nnUNetTrainerNoMirroring", "init_args": {"configuration": "3d_fullres"},
                "inference_allowed_mirroring_axes": None}, fold / "checkpoint_final.pth")


def peer(shape, device, repeats, threads):
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
    torch.set_num_threads(threads)
    predictor = nnUNetPredictor(use_mirroring=False, device=torch.device(device), allow_tqdm=False)
    manager = PlansManager(plans())
    predictor.manual_initialization(network().to(device), manager, manager.get_configuration("3d_fullres"), None, dataset(), "nnUNetTrainerNoMirroring", None)
    image = torch.from_numpy(hounsfield(shape).astype(numpy.float32) / 250)[None]
    seconds = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        logits = predictor.predict_sliding_window_return_logits(image)
        logits.argmax(0).to(torch.int16).cpu()
        seconds.append(time.perf_counter() - begin)
    patches = len(predictor._internal_get_sliding_window_slicers(image.shape[1:]))
    peak = torch.cuda.max_memory_allocated() if torch.device(device).type == "cuda" else None
    return {"seconds": min(seconds[1:]), "patches": patches, "peak_bytes": peak, "torch": torch.__version__}


def run_peer(settings):
    done = subprocess.run([sys.executable, __file__, "--peer-process", json.dumps(settings)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("the peer failed: " + (done.stderr.strip().splitlines() or ["without a word"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def run_ours(work, setting, arguments):
    config = work / f"{setting}.json"
    precision, _, at_once = setting.partition("x")
    device = {"device": arguments.device, "threads": arguments.threads, "precision": precision, "patches_at_once": int(at_once or 1)}
    config.write_text(json.dumps({"models": str(work / "models"), "drain_delay_s": 0, "devices": [device]}))
    log = open(work / f"{setting}.log", "w")
    server = subprocess.Popen([arguments.bin / "tuckerseg-server", "--config", config, "--listen", ADDRESS, "--metrics", "127.0.0.1:0"], stdout=log, stderr=log)
    try:
        client = [arguments.bin / "tuckerseg"]
        for _ in range(240):
            if server.poll() is not None:
                raise RuntimeError("the server ended: " + (work / f"{setting}.log").read_text()[-400:])
            if subprocess.run(client + ["health", "--server", ADDRESS], capture_output=True).returncode == 0:
                break
            time.sleep(0.5)
        answers = []
        for _ in range(arguments.repeats + 1):
            done = subprocess.run(client + ["segment", work / "ct.nii", "-o", work / f"{setting}.nii", "--server", ADDRESS, "--json", "--quiet"], capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError("tuckerseg segment failed: " + done.stderr.strip())
            answers.append(json.loads(done.stdout))
        best = min(answers[1:], key=lambda answer: answer["stages"]["infer"])
        return {"seconds": best["stages"]["infer"], "network": best["network_seconds"], "request": best["seconds"]}
    finally:
        server.terminate()
        server.wait()


def equal_share(work, first, second):
    maps = [numpy.fromfile(work / f"{setting}.nii", numpy.uint8, offset=352) for setting in (first, second)]
    return float((maps[0] == maps[1]).mean())


def main():
    if sys.argv[1:2] == ["--peer-process"]:
        print(json.dumps(peer(**json.loads(sys.argv[2]))))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--settings", type=lambda text: text.split(","), default=["fp32"], help="precisions, each with xN for N patches at once")
    parser.add_argument("--shape", type=lambda text: [int(axis) for axis in text.split(",")], default=[240, 240, 280], help="voxels along x,y,z")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--bin", type=pathlib.Path, default=REPOSITORY / "build/release/bin")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            results = work / "results" / "Dataset901_window" / "nnUNetTrainerNoMirroring__nnUNetPlans__3d_fullres"
            write_results(results)
            write_nifti(work / "ct.nii", hounsfield(arguments.shape))
            (work / "models").mkdir()
            subprocess.run([arguments.bin / "tuckerseg-compress", "import", "--nnunet", results, "-o", work / "models" / "window", "--quiet"], check=True, capture_output=True)
            theirs = run_peer({"shape": arguments.shape, "device": arguments.device, "repeats": arguments.repeats, "threads": arguments.threads})
            ours = {setting: run_ours(work, setting, arguments) for setting in arguments.settings}
            shares = {setting: equal_share(work, arguments.settings[0], setting) for setting in arguments.settings}
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{' x '.join(map(str, arguments.shape))} voxels, {theirs['patches']} patches, {arguments.device}, {arguments.threads} threads; PyTorch {theirs['torch']}\n")
    print("| what runs | seconds | of which networks | patches a second | times as fast as nnU-Net | labels as in the first of ours |\n| --- | --- | --- | --- | --- | --- |")
    print(f"| nnU-Net's predictor | {theirs['seconds']:.3f} | - | {theirs['patches'] / theirs['seconds']:.1f} | 1.00 | - |")
    for setting, result in ours.items():
        print(f"| tuckerseg, {setting} | {result['seconds']:.3f} | {result['network']:.3f} | {theirs['patches'] / result['seconds']:.1f} | {theirs['seconds'] / result['seconds']:.2f} | {shares[setting]:.5f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
