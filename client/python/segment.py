#!/usr/bin/env python3
"""Segments a CT by a tuckerseg server: a NIfTI file in, a label map out, a summary on standard output.

Needs gRPC's Python and what protoc makes of proto/tuckerseg/v1/segmentation.proto; docs/clients.md has the commands. No option of gRPC is changed:
every message stays below its default limits, however large the volume is.
"""

import argparse
import contextlib
import hashlib
import os
import sys

import grpc
from tuckerseg.v1 import segmentation_pb2, segmentation_pb2_grpc

CHUNK_BYTES = 512 * 1024  # the server takes up to 1 MiB


def header_for(arguments):
    header = segmentation_pb2.SegmentHeader(task=arguments.task, total_bytes=os.path.getsize(arguments.ct))
    header.level.name = arguments.level
    if arguments.labels.endswith(".nii"):
        header.output.compression = segmentation_pb2.COMPRESSION_NONE
    return header


def requests(header, ct):
    """The header, then the file in chunks. Their end half-closes the call, which tells the server that the file is whole."""
    yield segmentation_pb2.SegmentRequest(header=header)
    while chunk := ct.read(CHUNK_BYTES):
        yield segmentation_pb2.SegmentRequest(chunk=chunk)


def segment(channel, header, ct, deadline_s):
    """The label map's file and the summary. Tells on standard error how far the work is."""
    announced, label_map, summary, stage = None, bytearray(), None, None
    for response in segmentation_pb2_grpc.SegmentationServiceStub(channel).Segment(requests(header, ct), timeout=deadline_s):
        payload = response.WhichOneof("payload")
        if payload == "accepted":
            print(f"accepted: {response.accepted.variant} on {response.accepted.device}", file=sys.stderr)
        elif payload == "progress" and response.progress.stage != stage:
            stage = response.progress.stage
            print(stage_name(stage), file=sys.stderr)
        elif payload == "label_map_header":
            announced = response.label_map_header
        elif payload == "chunk":
            label_map += response.chunk
        elif payload == "summary":
            summary = response.summary
    # The stream has ended with the status OK. Whole is what has the announced length and checksum.
    if announced is None or summary is None or hashlib.sha256(label_map).hexdigest() != announced.sha256:
        sys.exit("error: label map: is not the one that was announced; must have its size and SHA-256")
    return label_map, summary


def stage_name(stage):
    return segmentation_pb2.Stage.Name(stage).removeprefix("STAGE_").lower()


def print_summary(summary):
    for structure in summary.volumes:
        print(f"{structure.name:32} {structure.volume_ml:10.1f} ml")
    for time in summary.stages:
        print(f"{stage_name(time.stage):32} {time.seconds:10.2f} s")
    print(f"{summary.variant}: {summary.quality_statement}")
    if summary.crop_found_nothing:
        print("warning: the rough model found none of the structures to crop to: the label map is empty", file=sys.stderr)
    for structure in summary.crop_structures_not_found:
        print(f"warning: the rough model did not find {structure}: if the CT shows it, what lies there may be missing", file=sys.stderr)
    for structure in summary.structures_lost_in_refinement:
        print(f"warning: {structure} was found, then erased: the refining model did not confirm it", file=sys.stderr)
    for structure in summary.structures_at_crop_border:
        print(f"warning: {structure} touches the border of the crop: it may be cut off", file=sys.stderr)


def write_whole(path, content):
    """Leaves what was there before, or all of the new: a disk that is full must not leave half a label map."""
    part = f"{path}.part"
    try:
        with open(part, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.remove(part)
        raise


def main():
    parser = argparse.ArgumentParser(description="Segments a CT by a tuckerseg server.")
    parser.add_argument("ct", help="CT to send: .nii or .nii.gz")
    parser.add_argument("labels", help="label map to write: .nii.gz, or .nii for one that is not compressed")
    parser.add_argument("--server", default="127.0.0.1:50051", help="HOST:PORT (default %(default)s)")
    parser.add_argument("--task", default="", help="default: the server's only one, or total")
    parser.add_argument("--level", default="auto", help="auto, original, or a level's name or number (default %(default)s)")
    parser.add_argument("--deadline", type=float, default=600, metavar="SECONDS", help="give up after this time (default %(default)s)")
    arguments = parser.parse_args()
    try:
        with open(arguments.ct, "rb") as ct, grpc.insecure_channel(arguments.server) as channel:
            label_map, summary = segment(channel, header_for(arguments), ct, arguments.deadline)
        write_whole(arguments.labels, label_map)
    except OSError as error:
        sys.exit(f"error: {error.filename or arguments.labels}: {error.strerror}")
    except grpc.RpcError as error:
        sys.exit(f"error: {error.code().name}: {error.details()}")
    print_summary(summary)


if __name__ == "__main__":
    main()
