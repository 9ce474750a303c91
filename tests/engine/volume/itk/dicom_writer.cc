#include "tests/engine/volume/itk/dicom_writer.h"

#include <gdcmSequenceOfItems.h>
#include <gdcmWriter.h>

#include <stdexcept>

namespace tuckerseg {
namespace {

void AddBytes(gdcm::DataSet& data, uint16_t group, uint16_t element, gdcm::VR vr, const void* bytes,
              size_t count) {
  gdcm::DataElement entry(gdcm::Tag(group, element));
  entry.SetVR(vr);
  entry.SetByteValue(static_cast<const char*>(bytes), static_cast<uint32_t>(count));
  data.Replace(entry);
}

void AddText(gdcm::DataSet& data, uint16_t group, uint16_t element, gdcm::VR vr, std::string text) {
  if (text.empty()) return;
  if (text.size() % 2 != 0) text += vr == gdcm::VR::UI ? '\0' : ' ';
  AddBytes(data, group, element, vr, text.data(), text.size());
}

void AddShort(gdcm::DataSet& data, uint16_t group, uint16_t element, uint16_t value) {
  AddBytes(data, group, element, gdcm::VR::US, &value, sizeof(value));
}

void AddSequence(gdcm::DataSet& data, uint16_t group, uint16_t element,
                 const std::vector<gdcm::DataSet>& items) {
  auto sequence = gdcm::SmartPointer<gdcm::SequenceOfItems>(new gdcm::SequenceOfItems);
  sequence->SetLengthToUndefined();
  for (const gdcm::DataSet& nested : items) {
    gdcm::Item item;
    item.SetVLToUndefined();
    item.SetNestedDataSet(nested);
    sequence->AddItem(item);
  }
  gdcm::DataElement entry(gdcm::Tag(group, element));
  entry.SetVR(gdcm::VR::SQ);
  entry.SetValue(*sequence);
  entry.SetVLToUndefined();
  data.Replace(entry);
}

void AddCommon(gdcm::DataSet& data, const DicomFile& file, const std::filesystem::path& path) {
  AddText(data, 0x0008, 0x0008, gdcm::VR::CS, file.image_type);
  AddText(data, 0x0008, 0x0016, gdcm::VR::UI, file.sop_class);
  AddText(data, 0x0008, 0x0018, gdcm::VR::UI,
          "1.2.3.9." + std::to_string(std::hash<std::string>()(path.string()) % 100000));
  AddText(data, 0x0008, 0x0060, gdcm::VR::CS, file.modality);
  AddText(data, 0x0010, 0x0010, gdcm::VR::PN, "Secret^Name");
  AddText(data, 0x0020, 0x000e, gdcm::VR::UI, file.series_uid);
  AddText(data, 0x0020, 0x0052, gdcm::VR::UI, file.frame_of_reference_uid);
  if (!file.has_image) return;
  AddShort(data, 0x0028, 0x0002, file.photometric == "RGB" ? 3 : 1);
  AddText(data, 0x0028, 0x0004, gdcm::VR::CS, file.photometric);
  AddShort(data, 0x0028, 0x0010, file.rows);
  AddShort(data, 0x0028, 0x0011, file.columns);
  AddShort(data, 0x0028, 0x0100, 16);
  AddShort(data, 0x0028, 0x0101, 16);
  AddShort(data, 0x0028, 0x0102, 15);
  AddShort(data, 0x0028, 0x0103, 0);
}

void Write(const std::filesystem::path& path, gdcm::DataSet& data) {
  gdcm::Writer writer;
  writer.SetFileName(path.c_str());
  writer.GetFile().SetDataSet(data);
  writer.GetFile().GetHeader().SetDataSetTransferSyntax(gdcm::TransferSyntax::ExplicitVRLittleEndian);
  if (!writer.Write()) throw std::runtime_error("cannot write a DICOM test file");
}

}  // namespace

void WriteDicom(const std::filesystem::path& path, const DicomFile& file) {
  gdcm::DataSet data;
  AddCommon(data, file, path);
  if (file.has_image) {
    AddText(data, 0x0028, 0x0008, gdcm::VR::IS, file.number_of_frames);
    AddText(data, 0x0020, 0x0032, gdcm::VR::DS, file.position);
    AddText(data, 0x0020, 0x0037, gdcm::VR::DS, file.orientation);
    AddText(data, 0x0028, 0x0030, gdcm::VR::DS, file.pixel_spacing);
    AddText(data, 0x0028, 0x1052, gdcm::VR::DS, file.intercept);
    AddText(data, 0x0028, 0x1053, gdcm::VR::DS, file.slope);
    AddText(data, 0x0028, 0x1054, gdcm::VR::LO, file.rescale_type);
    AddBytes(data, 0x7fe0, 0x0010, gdcm::VR::OW, file.pixels.data(), file.pixels.size() * sizeof(uint16_t));
  }
  for (const DicomText& more : file.more_texts) AddText(data, more.group, more.element, gdcm::VR::GetVRType(more.vr.c_str()), more.text);
  Write(path, data);
}

void WriteEnhancedDicom(const std::filesystem::path& path, const DicomFile& file,
                        const std::vector<EnhancedFrame>& frames, const std::string& number_of_frames) {
  gdcm::DataSet data;
  AddCommon(data, file, path);
  AddText(data, 0x0008, 0x0016, gdcm::VR::UI, "1.2.840.10008.5.1.4.1.1.2.1");
  AddText(data, 0x0028, 0x0008, gdcm::VR::IS, number_of_frames);
  gdcm::DataSet shared;
  gdcm::DataSet orientation;
  AddText(orientation, 0x0020, 0x0037, gdcm::VR::DS, file.orientation);
  AddSequence(shared, 0x0020, 0x9116, {orientation});
  gdcm::DataSet measures;
  AddText(measures, 0x0028, 0x0030, gdcm::VR::DS, file.pixel_spacing);
  AddSequence(shared, 0x0028, 0x9110, {measures});
  AddSequence(data, 0x5200, 0x9229, {shared});

  std::vector<gdcm::DataSet> groups;
  std::vector<uint16_t> pixels;
  for (const EnhancedFrame& frame : frames) {
    gdcm::DataSet position;
    AddText(position, 0x0020, 0x0032, gdcm::VR::DS, frame.position);
    gdcm::DataSet values;
    AddText(values, 0x0028, 0x1052, gdcm::VR::DS, frame.intercept);
    AddText(values, 0x0028, 0x1053, gdcm::VR::DS, file.slope);
    AddText(values, 0x0028, 0x1054, gdcm::VR::LO, file.rescale_type);
    gdcm::DataSet group;
    AddSequence(group, 0x0020, 0x9113, {position});
    AddSequence(group, 0x0028, 0x9145, {values});
    groups.push_back(group);
    pixels.insert(pixels.end(), size_t{file.columns} * file.rows, frame.pixel);
  }
  AddSequence(data, 0x5200, 0x9230, groups);
  AddBytes(data, 0x7fe0, 0x0010, gdcm::VR::OW, pixels.data(), pixels.size() * sizeof(uint16_t));
  Write(path, data);
}

}  // namespace tuckerseg
