/// What is said of keys of an object that nobody knows, and the reading of an object all of whose keys must be known.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/model/json_fields.h"

namespace tuckerseg {

/// A key or a path that somebody wrote, on one line and not too long.
std::string ShownKey(const std::string& key);

/// Of a key that the object at the path `object` cannot have: names the one of `names` that was meant, or all of them. Without the key's value: what it was
/// mistaken for may be a secret.
std::string UnknownKey(const std::string& object, const std::string& key, const std::vector<std::string>& names);

/// Paths of the keys that stand again in one object of a JSON document, the outermost or one within: the parser keeps one value of them without a word.
/// `root`: the path of the outermost object; the objects of a list have the list's. Errors: the parser's, for a text that it has not read before.
std::set<std::string> RepeatedKeys(const std::string& text, const std::string& root);

/// What is done with the value of each key.
using KeyReaders = std::map<std::string, std::function<void(const JsonField&)>>;

/// Errors: kInvalidArgument for what is no object and for an unknown key; what the readers throw.
void ReadKeys(const JsonField& object, const KeyReaders& readers);

}  // namespace tuckerseg
