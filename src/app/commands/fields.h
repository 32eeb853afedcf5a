// --json=FIELD,..: the fields of each verb's JSON, and the choice among them, in one place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/wire/json.h"

namespace coditect {

/// What can be chosen of `verb` ("ps", "config list"): of each row of a list, else of the one
/// object. Empty when its JSON is always whole.
std::vector<std::string> FieldsOf(std::string_view verb);

/// The words of "run,status", checked against FieldsOf(verb). INVALID_ARGUMENT lists the fields.
StatusOr<std::vector<std::string>> ParseFields(const std::string& verb, std::string_view text);

/// The object `json` of that verb with `fields` alone, in their order; whole when there are none.
/// What the object leaves out because it is empty appears with its empty value.
std::string ChooseFields(std::string_view verb, const std::string& json,
                         const std::vector<std::string>& fields);

/// The object `json` whose array `list` has its rows as ChooseFields gives them.
std::string ChooseInList(std::string_view verb, const std::string& json, const std::string& list,
                         const std::vector<std::string>& fields);

/// An array of messages, each as ChooseFields gives it.
template <typename Row>
std::string ChosenRows(std::string_view verb, const std::vector<Row>& rows,
                       const std::vector<std::string>& fields) {
  std::string out = "[";
  for (const Row& row : rows) {
    out += (&row == &rows.front() ? "" : ",") + ChooseFields(verb, wire::ToJson(row), fields);
  }
  return out + "]";
}

}  // namespace coditect
