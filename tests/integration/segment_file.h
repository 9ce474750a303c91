/// Has a whole file segmented by a server, and reads the label map that comes back.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "client/lib/client.h"
#include "engine/volume/nifti_reader.h"

namespace tuckerseg {

/// What a client got for one volume.
struct Answer {
  NiftiVolume label_map;
  std::vector<std::byte> file;
  v1::LabelMapHeader header;
  v1::Summary summary;
};

inline Answer SegmentFile(Client& client, std::span<const std::byte> file, v1::SegmentHeader header = {}) {
  Answer answer;
  header.set_total_bytes(file.size());
  SegmentEvents events;
  events.label_map = [&](std::span<const std::byte> bytes) { answer.file.insert(answer.file.end(), bytes.begin(), bytes.end()); };
  events.label_map_header = [&](const v1::LabelMapHeader& label_map_header) { answer.header = label_map_header; };
  answer.summary = client.Segment(header, [&](const ByteSink& sink) { sink(file); }, events);
  answer.label_map = ReadNifti(answer.file);
  return answer;
}

}  // namespace tuckerseg
