/// Reads single attributes of a DICOM data set, and names them in messages by keyword and tag.
#pragma once

#include <gdcmDataSet.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace tuckerseg {

/// A DICOM attribute: what it is called in the standard, and its tag.
struct Attribute {
  const char* keyword;
  uint16_t group;
  uint16_t element;

  gdcm::Tag tag() const { return {group, element}; }
};

/// "ImagePositionPatient (0020,0032)".
std::string NameOf(const Attribute& attribute);

/// The value as text without trailing padding; nothing if the attribute is absent or empty.
std::optional<std::string> TextOf(const gdcm::DataSet& data, const Attribute& attribute);

/// The values of a multi-valued text attribute (CS), split at backslashes.
std::vector<std::string> WordsOf(const gdcm::DataSet& data, const Attribute& attribute);

/// `count` numbers of a decimal string (DS). Errors: kInvalidArgument if it is absent, has another number of
/// values, or one that is no finite number.
std::vector<double> NumbersOf(const gdcm::DataSet& data, const Attribute& attribute, size_t count);

/// An unsigned short (US) or an integer string (IS). Errors: kInvalidArgument if it is absent or no such
/// number.
int64_t IntegerOf(const gdcm::DataSet& data, const Attribute& attribute);

/// A value that may be quoted in a message: a code string as the standard allows it (capitals, digits, blank,
/// underscore, at most 16), else "(not a code string)", so that nothing else can slip into a message.
std::string QuotedCode(const std::string& code);

[[noreturn]] inline void RefuseAttribute(const Attribute& attribute, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, NameOf(attribute) + what);
}

}  // namespace tuckerseg
