// --json=FIELD,..: the fields of each verb's JSON, and the choice among them.
#include "src/app/commands/fields.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "src/app/commands/diffed_files.h"
#include "src/app/commands/list_rows.h"
#include "src/app/commands/run_rows.h"
#include "src/app/config/verbs.h"
#include "src/app/doctor/check.h"
#include "src/app/explanation.h"
#include "src/app/journal.h"
#include "src/app/run_report.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

using Json = nlohmann::ordered_json;

/// Collects every field of a message with its default value.
struct EveryField {
  wire::JsonFields fields;
  template <typename T>
  void operator()(uint32_t, const char* name, const T& value) {
    fields.Field(name, value);
  }
};

template <typename T>
std::string EmptyOf() {
  std::string out = "{";
  const T empty{};
  T::Fields(empty, EveryField{wire::JsonFields(out)});
  return out + "}";
}

std::string EmptyReport() {
  Json report = Json::parse(ReportJson(RunReport()));
  report.erase("schema");
  for (const char* object : {"standing", "plan", "snapshot", "build"}) report[object] = nullptr;
  for (const char* text : {"moved_from", "patch_file", "kind"}) report[text] = "";
  report["others"] = Json::array();
  return report.dump();
}

constexpr std::string_view kEmptyDiff = R"({"run":"","base":"","commit":"","files":[],"patch":""})";
constexpr std::string_view kEmptyConfigRow =
    R"({"key":"","value":null,"origin":"","type":"","takes":"","default":null,"effect":"",)"
    R"("repository_may":false,"help":""})";

/// An object of each verb with all its fields empty.
struct VerbFields {
  std::string_view verb;
  std::string (*empty)();
};

constexpr VerbFields kVerbFields[] = {
    {"ps", EmptyOf<RunRow>},
    {"show", EmptyReport},
    {"logs", [] { return JournalLine(BusEvent()); }},
    {"diff", [] { return std::string(kEmptyDiff); }},
    {"diff --stat", EmptyOf<DiffedFile>},
    {"explain", EmptyOf<FaultExplanation>},
    {"doctor", EmptyOf<Check>},
    {"inbox", EmptyOf<InboxRow>},
    {"wait", EmptyOf<RunRow>},
    {"demo --list", EmptyOf<ProjectRow>},
    {"config list", [] { return std::string(kEmptyConfigRow); }},
};

Json EmptyObject(std::string_view verb) {
  for (const VerbFields& row : kVerbFields) {
    if (row.verb == verb) return Json::parse(row.empty());
  }
  return Json::object();
}

}  // namespace

std::vector<std::string> FieldsOf(std::string_view verb) {
  std::vector<std::string> fields;
  const Json empty = EmptyObject(verb);
  for (const auto& [name, value] : empty.items()) fields.push_back(name);
  return fields;
}

StatusOr<std::vector<std::string>> ParseFields(const std::string& verb, std::string_view text) {
  const std::vector<std::string> known = FieldsOf(verb);
  if (known.empty()) {
    return InvalidArgument("`coditect ", verb, "` has no fields to choose; use --json alone");
  }
  std::vector<std::string> fields;
  for (const std::string& word : Split(text, ',')) {
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      return InvalidArgument("--json: `coditect ", verb, "` has no field ", QuoteForMessage(word),
                             "; there are ", Join(known, ", "));
    }
    fields.push_back(word);
  }
  return fields;
}

std::string ChooseFields(std::string_view verb, const std::string& json,
                         const std::vector<std::string>& fields) {
  if (fields.empty()) return json;
  const Json empty = EmptyObject(verb);
  const Json whole = Json::parse(json);
  Json out = Json::object();
  for (const std::string& field : fields) {
    out[field] = whole.contains(field) ? whole[field] : empty[field];
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ChooseInList(std::string_view verb, const std::string& json, const std::string& list,
                         const std::vector<std::string>& fields) {
  if (fields.empty()) return json;
  Json whole = Json::parse(json);
  for (Json& row : whole[list]) row = Json::parse(ChooseFields(verb, row.dump(), fields));
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace coditect
