#!/usr/bin/env python3
"""Segments a CT through the Open Inference Protocol, with Triton's own Python client: any file that SimpleITK reads in, a label map out.

Needs tritonclient[grpc] and SimpleITK, and nothing of this repository. docs/api.md says what the tensors and parameters are.
"""

import argparse
import sys

import numpy
import SimpleITK
import tritonclient.grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype


def tensor(name, values):
    made = tritonclient.grpc.InferInput(name, values.shape, np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values)
    return made


def tensors_of(image):
    """The four inputs: SimpleITK counts, measures and turns as the protocol's tensors do here."""
    return [
        tensor("volume", SimpleITK.GetArrayFromImage(image).astype(numpy.int16)),  # [z, y, x]
        tensor("spacing", numpy.array(image.GetSpacing())),
        tensor("direction", numpy.array(image.GetDirection())),
        tensor("origin", numpy.array(image.GetOrigin())),
    ]


def main():
    parser = argparse.ArgumentParser(description="Segments a CT by a server that speaks the Open Inference Protocol.")
    parser.add_argument("ct", help="CT to send, in Hounsfield units")
    parser.add_argument("labels", help="label map to write")
    parser.add_argument("--server", default="127.0.0.1:50051", help="HOST:PORT (default %(default)s)")
    parser.add_argument("--model", required=True, help="a task, e.g. total_fast")
    parser.add_argument("--version", default="", help="a level's name or number; default: the server chooses")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="give up after this time (default %(default)s)")
    arguments = parser.parse_args()
    image = SimpleITK.ReadImage(arguments.ct)
    client = tritonclient.grpc.InferenceServerClient(arguments.server)
    try:
        answer = client.infer(arguments.model, tensors_of(image), arguments.version, timeout=int(arguments.timeout * 1e6))
    except InferenceServerException as error:
        sys.exit(f"error: {error.status()}: {error.message()}")
    labels = SimpleITK.GetImageFromArray(answer.as_numpy("labels"))
    labels.CopyInformation(image)
    SimpleITK.WriteImage(labels, arguments.labels)
    parameters = answer.get_response().parameters
    if "warning" in parameters:
        print(f"warning: {parameters['warning'].string_param}", file=sys.stderr)
    print(f"{answer.get_response().model_version}: {numpy.count_nonzero(answer.as_numpy('labels'))} voxels labelled")


if __name__ == "__main__":
    main()
