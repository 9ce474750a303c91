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


def voxels_of(image):
    """[z, y, x], as INT16 where that loses nothing, else as FP32: a cast wraps what is beyond 32767 and cuts fractions off, without a word."""
    voxels = SimpleITK.GetArrayFromImage(image)
    with numpy.errstate(invalid="ignore"):  # what has no INT16 is found below
        whole = voxels.astype(numpy.int16)
    return whole if numpy.array_equal(whole, voxels) else voxels.astype(numpy.float32)


def tensors_of(image):
    """The four inputs: SimpleITK counts, measures and turns as the protocol's tensors do here."""
    return [
        tensor("volume", voxels_of(image)),
        tensor("spacing", numpy.array(image.GetSpacing())),
        tensor("direction", numpy.array(image.GetDirection())),
        tensor("origin", numpy.array(image.GetOrigin())),
    ]


def seconds(text):
    value = float(text)
    if not 0 < value <= 7 * 86400:
        raise argparse.ArgumentTypeError(f"{text}: must be above 0, and a week at most")
    return value


def main():
    parser = argparse.ArgumentParser(description="Segments a CT by a server that speaks the Open Inference Protocol.")
    parser.add_argument("ct", help="CT to send, in Hounsfield units")
    parser.add_argument("labels", help="label map to write")
    parser.add_argument("--server", default="127.0.0.1:50051", help="HOST:PORT (default %(default)s)")
    parser.add_argument("--model", required=True, help="a task, e.g. total_fast")
    parser.add_argument("--version", default="", help="a level's name or number; default: the server chooses")
    parser.add_argument("--timeout", type=seconds, default=600, metavar="SECONDS", help="give up after this time (default %(default)s)")
    arguments = parser.parse_args()
    image = SimpleITK.ReadImage(arguments.ct)
    client = tritonclient.grpc.InferenceServerClient(arguments.server)
    try:
        # The server is told of the first, and may choose a faster level for it. The second ends the call here too, where the server does not answer any more.
        answer = client.infer(
            arguments.model, tensors_of(image), arguments.version, timeout=int(arguments.timeout * 1e6), client_timeout=arguments.timeout
        )
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
