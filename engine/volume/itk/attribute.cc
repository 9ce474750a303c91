#include "engine/volume/itk/attribute.h"

#include <gdcmByteValue.h>
#include <gdcmDataElement.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace tuckerseg {
namespace {

const gdcm::ByteValue* BytesOf(const gdcm::DataSet& data, const Attribute& attribute) {
  if (!data.FindDataElement(attribute.tag())) return nullptr;
  const gdcm::ByteValue* bytes = data.GetDataElement(attribute.tag()).GetByteValue();
  return bytes != nullptr && bytes->GetLength() > 0 && bytes->GetPointer() != nullptr ? bytes : nullptr;
}

std::string_view WithoutPadding(std::string_view text) {
  constexpr std::string_view kPadding(" \0", 2);
  const size_t first = text.find_first_not_of(kPadding);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kPadding) - first + 1);
}

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> words;
  size_t begin = 0;
  while (true) {
    const size_t end = text.find('\\', begin);
    words.emplace_back(WithoutPadding(std::string_view(text).substr(begin, end - begin)));
    if (end == std::string::npos) return words;
    begin = end + 1;
  }
}

// from_chars does not look at the locale, and unlike strtod takes no hexadecimal numbers; a leading plus is
// DICOM's alone.
std::optional<double> Number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::string NameOf(const Attribute& attribute) {
  char tag[16];
  std::snprintf(tag, sizeof(tag), " (%04X,%04X)", unsigned{attribute.group}, unsigned{attribute.element});
  return attribute.keyword + std::string(tag);
}

std::optional<std::string> TextOf(const gdcm::DataSet& data, const Attribute& attribute) {
  const gdcm::ByteValue* bytes = BytesOf(data, attribute);
  if (bytes == nullptr) return std::nullopt;
  const std::string_view text = WithoutPadding({bytes->GetPointer(), size_t{bytes->GetLength()}});
  if (text.empty()) return std::nullopt;
  return std::string(text);
}

std::vector<std::string> WordsOf(const gdcm::DataSet& data, const Attribute& attribute) {
  const std::optional<std::string> text = TextOf(data, attribute);
  return text ? Split(*text) : std::vector<std::string>{};
}

std::vector<double> NumbersOf(const gdcm::DataSet& data, const Attribute& attribute, size_t count) {
  const std::vector<std::string> words = WordsOf(data, attribute);
  const std::string expected = ": must be " + std::to_string(count) + (count == 1 ? " number" : " numbers");
  if (words.empty()) RefuseAttribute(attribute, " is missing" + expected);
  if (words.size() != count)
    RefuseAttribute(attribute, ": " + std::to_string(words.size()) + " values" + expected);
  std::vector<double> numbers;
  for (const std::string& word : words) {
    const std::optional<double> number = Number(word);
    if (!number) RefuseAttribute(attribute, ": a value is no decimal number" + expected);
    numbers.push_back(*number);
  }
  return numbers;
}

int64_t IntegerOf(const gdcm::DataSet& data, const Attribute& attribute) {
  const gdcm::ByteValue* bytes = BytesOf(data, attribute);
  if (bytes == nullptr) RefuseAttribute(attribute, " is missing: must be a whole number");
  const gdcm::VR vr = data.GetDataElement(attribute.tag()).GetVR();
  const bool binary =
      vr == gdcm::VR::US || ((vr == gdcm::VR::INVALID || vr == gdcm::VR::UN) && bytes->GetLength() == 2);
  if (binary && bytes->GetLength() == 2) {
    uint16_t value = 0;  // GDCM has brought it into native byte order
    std::memcpy(&value, bytes->GetPointer(), sizeof(value));
    return value;
  }
  const std::string_view text = WithoutPadding({bytes->GetPointer(), size_t{bytes->GetLength()}});
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (binary || error != std::errc() || end != text.data() + text.size()) {
    RefuseAttribute(attribute, " is malformed: must be a whole number");
  }
  return value;
}

std::string QuotedCode(const std::string& code) {
  constexpr size_t kCodeStringLength = 16;
  const bool allowed =
      !code.empty() && code.size() <= kCodeStringLength && std::ranges::all_of(code, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '_';
      });
  return allowed ? code : "(not a code string)";
}

}  // namespace tuckerseg
