/// The list of keys, its published schema and its page in docs/.
#include "server/config_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "tests/engine/model/json_schema.h"
#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr auto kSchema = "server-config.schema.json";

std::string Document(const std::string& name) { return FileText(std::filesystem::path(TUCKERSEG_SOURCE_DIR) / "docs" / name); }

const char* TypeName(ConfigKey::Type type) {
  switch (type) {
    case ConfigKey::Type::kText: return "string";
    case ConfigKey::Type::kInteger: return "integer";
    case ConfigKey::Type::kNumber: return "number";
    case ConfigKey::Type::kBoolean: return "boolean";
    case ConfigKey::Type::kList: return "array";
  }
  return "";
}

bool HasRange(const ConfigKey& key) { return key.type == ConfigKey::Type::kInteger || key.type == ConfigKey::Type::kNumber; }

/// A right value of a key that is a list.
Json ListFor(const std::string& key) {
  if (key == "auth.certificates") return Json::parse(R"([{"common_name": "pacs", "roles": ["segment", "observe"]}])");
  return Json::parse(R"([{"name": "left", "device": "cpu", "threads": 2, "memory_limit_bytes": 1000, "queue_capacity": 4, "precision": "bf16", "patches_at_once": 2, "overlap": true}])");
}

/// What the schema has to say of a key. An empty text or list is no default: the key may be left out, and nothing stands for it.
Json PropertyOf(const ConfigKey& key) {
  Json property{{"description", key.meaning}, {"type", TypeName(key.type)}};
  if (!key.choices.empty()) property["enum"] = key.choices;
  if (HasRange(key)) {
    property[key.above_low ? "exclusiveMinimum" : "minimum"] = key.low;
    property["maximum"] = key.high;
  }
  if (key.type == ConfigKey::Type::kList) {
    property["minItems"] = 1;
    property["items"] = key.entry;
  }
  const Json value = key.write(ServerConfig{});
  if (value != Json("") && value != Json::array()) property["default"] = value;
  return property;
}

/// A file of this one key: `traces.endpoint` lies in the object `traces`.
Json FileOf(const std::string& key, const Json& value) {
  const size_t dot = key.find('.');
  if (dot == std::string::npos) return Json{{key, value}};
  return Json{{key.substr(0, dot), FileOf(key.substr(dot + 1), value)}};
}

/// Whether the program takes a file of this one key.
bool IsTaken(const std::string& key, const Json& value) {
  ServerConfig config;
  return ReadConfigJson(FileOf(key, value).dump(), config).empty();
}

/// The properties of an object's schema by the names of their keys, those of the objects in it among them.
std::vector<std::pair<std::string, Json>> PropertiesOf(const Json& object, const std::string& prefix = "") {
  EXPECT_EQ(object.at("additionalProperties"), false) << prefix;
  EXPECT_FALSE(object.contains("required")) << prefix << ": every key may come from the command line or have its default";
  std::vector<std::pair<std::string, Json>> properties;
  for (const auto& item : object.at("properties").items()) {
    if (item.value().contains("properties")) {
      EXPECT_EQ(item.value().at("type"), "object") << prefix + item.key();
      for (auto& inner : PropertiesOf(item.value(), prefix + item.key() + ".")) properties.push_back(std::move(inner));
    } else {
      properties.emplace_back(prefix + item.key(), item.value());
    }
  }
  return properties;
}

TEST(ConfigSchema, HasExactlyTheKeysThatTheProgramKnowsWithTheirRangesAndDefaults) {
  const auto properties = PropertiesOf(Json::parse(Document(kSchema)));
  std::vector<std::string> names;
  for (const auto& [name, property] : properties) names.push_back(name);
  std::vector<std::string> known;
  for (const ConfigKey& key : ConfigKeys()) known.push_back(key.name);
  ASSERT_EQ(names, known) << "in the same order";
  for (size_t i = 0; i < known.size(); ++i) {
    const Json right = PropertyOf(ConfigKeys()[i]);
    EXPECT_EQ(properties[i].second, right) << known[i] << " must be " << right.dump();
  }
}

TEST(ConfigSchema, TakesAndRefusesWhatTheProgramDoes) {
  const JsonSchema schema({{kSchema, Json::parse(Document(kSchema))}}, kSchema);
  const auto expect = [&](const std::string& key, const Json& value, bool taken) {
    EXPECT_EQ(schema.Errors(FileOf(key, value)).empty(), taken) << key << " = " << value.dump();
    EXPECT_EQ(IsTaken(key, value), taken) << key << " = " << value.dump();
  };
  for (const ConfigKey& key : ConfigKeys()) {
    expect(key.name, key.type == ConfigKey::Type::kList ? ListFor(key.name) : key.write(ServerConfig{}), true);
    expect(key.name, nullptr, false);
    expect(key.name, Json::array(), false);
    expect(key.name, key.type == ConfigKey::Type::kText ? Json(1) : Json("text"), false);
    if (!key.choices.empty()) expect(key.name, "no such choice", false);
    for (const std::string& choice : key.choices) expect(key.name, choice, true);
    if (!HasRange(key)) continue;
    expect(key.name, key.low, !key.above_low);
    expect(key.name, key.high, true);
    expect(key.name, key.low - 1, false);
    expect(key.name, key.high + 1, false);
    expect(key.name, key.low + 0.5, key.type == ConfigKey::Type::kNumber);
  }
  const auto expect_entry = [&](const char* entry, bool taken) { expect("auth.certificates", Json::array({Json::parse(entry)}), taken); };
  expect_entry(R"({"common_name": "pacs", "roles": ["manage"]})", true);
  expect_entry(R"({"common_name": "", "roles": ["manage"]})", false);
  expect_entry(R"({"common_name": "pacs", "roles": []})", false);
  expect_entry(R"({"common_name": "pacs", "roles": ["admin"]})", false);
  expect_entry(R"({"common_name": "pacs"})", false);
  expect_entry(R"({"roles": ["manage"]})", false);
  expect_entry(R"({"common_name": "pacs", "roles": ["manage"], "misspelled": 1})", false);
  expect_entry("\"pacs\"", false);
  const auto expect_device = [&](const char* entry, bool taken) { expect("devices", Json::array({Json::parse(entry)}), taken); };
  expect_device("{}", true);
  expect_device(R"({"device": "cuda:0"})", true);
  expect_device(R"({"name": "gpu.0_a-b:c", "threads": 1024, "queue_capacity": 1})", true);
  expect_device(R"({"name": ""})", false);
  expect_device(R"({"name": "With Capitals"})", false);
  expect_device(R"({"name": "host"})", false);
  expect_device(R"({"name": "a23456789012345678901234567890123"})", false);
  expect_device(R"({"threads": -1})", false);
  expect_device(R"({"name": "a2345678901234567890123456789012", "threads": 1024, "memory_limit_bytes": 1125899906842624, "queue_capacity": 10000})", true);
  expect_device(R"({"threads": 1025})", false);
  expect_device(R"({"memory_limit_bytes": 1125899906842625})", false);
  expect_device(R"({"queue_capacity": 10001})", false);
  expect_device(R"({"overlap": false})", true);
  expect_device(R"({"queue_capacity": 0})", false);
  expect_device(R"({"overlap": 1})", false);
  expect_device(R"({"precision": "fp16", "patches_at_once": 64})", true);
  expect_device(R"({"precision": "half"})", false);
  expect_device(R"({"patches_at_once": 65})", false);
  expect_device(R"({"memory_limit_bytes": 1.5})", false);
  expect_device(R"({"misspelled": 1})", false);
  expect_device("\"cpu\"", false);
  expect("misspelled", 1, false);
  expect("traces.misspelled", 1, false);
  expect("traces", "no object", false);
  EXPECT_FALSE(schema.Errors(Json{{"traces.endpoint", ""}}).empty()) << "a dot in a name of this list stands for an object";
}

TEST(ConfigKeys, AreReadAndWrittenAlike) {
  for (const ConfigKey& key : ConfigKeys()) {
    Json value = "/some/text";
    if (key.type == ConfigKey::Type::kBoolean) value = !key.write(ServerConfig{}).get<bool>();
    if (HasRange(key)) value = key.high;
    if (!key.choices.empty()) value = key.choices.back();
    if (key.type == ConfigKey::Type::kList) value = ListFor(key.name);
    ServerConfig config;
    key.read(JsonField(value, key.name), config);
    EXPECT_EQ(key.write(config), value) << key.name;
    for (const ConfigKey& other : ConfigKeys()) {
      if (other.name == key.name) continue;
      EXPECT_EQ(other.write(config), other.write(ServerConfig{})) << key.name << " changes " << other.name;
    }
  }
}

TEST(ConfigKeys, AreListedInTheDocumentation) {
  EXPECT_THAT(Document("api.md"), HasSubstr("| key | default | range | meaning |\n| --- | --- | --- | --- |\n" + ConfigTable() + "\n"));
}

TEST(ConfigKeys, HoldNoSecretUnlessByTheFileThatHasIt) {
  for (const ConfigKey& key : ConfigKeys()) {
    for (const char* word : {"secret", "token", "password", "private_key"}) {
      if (key.name.find(word) == std::string::npos || key.type == ConfigKey::Type::kBoolean) continue;
      EXPECT_THAT(key.name, HasSubstr("_file")) << "a configuration is copied, shown and kept";
    }
  }
}

}  // namespace
}  // namespace tuckerseg
