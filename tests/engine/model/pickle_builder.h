/// Pickles put together from parts: each function gives the opcodes that leave one value on the stack (protocol 2).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tuckerseg::pickled {

std::string None();
std::string Boolean(bool value);
/// The shortest of BININT1, BININT2, BININT and LONG1 that holds the value, as Python's pickler chooses.
std::string Integer(int64_t value);
std::string Text(const std::string& value);
std::string Tuple(const std::vector<std::string>& items);
std::string Integers(const std::vector<int64_t>& values);  ///< a tuple of integers
std::string List(const std::vector<std::string>& items);
/// Keys are text.
std::string Dict(const std::vector<std::pair<std::string, std::string>>& items);
/// collections.OrderedDict() with the items set afterwards.
std::string OrderedDict(const std::vector<std::pair<std::string, std::string>>& items);
std::string Global(const std::string& module, const std::string& name);
/// callable(*arguments) by REDUCE.
std::string Call(const std::string& callable, const std::vector<std::string>& arguments);
std::string Persistent(const std::string& id);

/// A whole pickle: PROTO, the value, STOP.
std::string Document(const std::string& value);

}  // namespace tuckerseg::pickled
