// The verbs of the configuration.
#include "src/app/config/verbs.h"

#include <algorithm>
#include <utility>

#include "src/base/strings.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr int kExitUsage = 2;
constexpr std::string_view kSchema = "coditect.config/v1";

VerbOutput Refused(const Status& status) {
  VerbOutput out{.exit_code = kExitUsage};
  for (const std::string& line : Split(Message(status), '\n')) {
    out.messages += StrCat("coditect: ", line, "\n");
  }
  return out;
}

std::string CheckJson(const StatusOr<Config>& config) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.config_check/v1"));
  fields.Field("valid", config.ok());
  std::vector<std::string> files;
  if (config.ok()) {
    for (const ConfigFileRead& read : config->Files()) files.push_back(read.path);
  }
  fields.Field("files", files);
  fields.Field("problems",
               config.ok() ? std::vector<std::string>() : Split(Message(config.status()), '\n'));
  return out + "}\n";
}

std::string WarningLines(const Config& config) {
  std::string out;
  for (const std::string& warning : config.Warnings()) {
    out += StrCat("coditect: warning: ", warning, "\n");
  }
  for (const Assignment& ignored : config.Ignored()) {
    out += StrCat("coditect: warning: ", ignored.origin, ": ", ignored.key->name,
                  " is ignored until you trust that file: `coditect trust`\n");
  }
  return out;
}

std::string_view EffectWord(KeyEffect effect) {
  constexpr std::string_view kWords[] = {"yes", "not_yet", "not_in_this_version"};
  return kWords[static_cast<size_t>(effect)];
}

// The pairs that describe one entry, without braces.
std::string JsonPairs(const ConfigEntry& entry) {
  std::string out = "\"key\":";
  wire::AppendJsonString(out, entry.key->name);
  out += StrCat(",\"value\":", ToJson(*entry.key, entry.value), ",\"origin\":");
  wire::AppendJsonString(out, entry.origin);
  out += ",\"type\":";
  wire::AppendJsonString(out, ValueTypeWord(entry.key->type));
  out += ",\"takes\":";
  wire::AppendJsonString(out, DescribeValue(*entry.key));
  out += StrCat(",\"default\":", ToJson(*entry.key, DefaultValue(*entry.key)), ",\"effect\":");
  wire::AppendJsonString(out, EffectWord(entry.key->effect));
  out += StrCat(",\"repository_may\":", entry.key->repository_may, ",\"help\":");
  wire::AppendJsonString(out, entry.key->help);
  return out;
}

std::string ListJson(const Config& config) {
  std::string out = "{\"schema\":";
  wire::AppendJsonString(out, kSchema);
  out += ",\"keys\":[";
  std::string_view separator;
  for (const ConfigEntry& entry : config.Entries()) {
    out += StrCat(separator, "{", JsonPairs(entry), "}");
    separator = ",";
  }
  out += "],\"warnings\":[";
  separator = "";
  for (const std::string& warning : config.Warnings()) {
    out += separator;
    wire::AppendJsonString(out, warning);
    separator = ",";
  }
  out += "],\"ignored\":[";
  separator = "";
  for (const Assignment& ignored : config.Ignored()) {
    out += StrCat(separator, "{");
    wire::JsonFields fields(out);
    fields.Field("key", ignored.key->name);
    fields.Field("origin", ignored.origin);
    out += StrCat(",\"value\":", ToJson(*ignored.key, ignored.value), "}");
    separator = ",";
  }
  return out + "]}\n";
}

std::string ListText(const Config& config, bool show_origin) {
  std::vector<std::pair<std::string, std::string>> lines;
  size_t width = 0;
  for (const ConfigEntry& entry : config.Entries()) {
    std::string line = StrCat(entry.key->name, " = ", ToToml(*entry.key, entry.value));
    if (entry.key->effect == KeyEffect::kRefused) {
      line = StrCat("# ", entry.key->name, " is not in this version");
    } else if (IsUnset(*entry.key, entry.value)) {
      line = StrCat("# ", entry.key->name, " is not set");
    }
    width = std::max(width, line.size());
    lines.emplace_back(std::move(line), entry.origin);
  }
  constexpr size_t kWidthMax = 60;
  width = std::min(width, kWidthMax);
  std::string out;
  for (auto& [line, origin] : lines) {
    if (show_origin) {
      line.resize(std::max(line.size(), width), ' ');
      line += StrCat("  # ", origin);
    }
    out += line + "\n";
  }
  for (const Assignment& ignored : config.Ignored()) {
    if (!show_origin) break;
    out += StrCat("# ignored: ", ignored.key->name, " = ", ToToml(*ignored.key, ignored.value),
                  "  # ", ignored.origin, ", which is not trusted\n");
  }
  return out;
}

}  // namespace

VerbOutput ConfigList(const ConfigSources& sources, const ConfigListOptions& options) {
  const StatusOr<Config> config = LoadConfig(sources);
  if (!config.ok()) return Refused(config.status());
  return {.output = options.json ? ListJson(*config) : ListText(*config, options.show_origin),
          .messages = WarningLines(*config)};
}

VerbOutput ConfigGet(const ConfigSources& sources, const std::string& key, bool json) {
  const ConfigKey* found = FindConfigKey(key);
  if (found == nullptr) {
    return Refused(InvalidArgument("unknown key ", QuoteForMessage(key), SuggestConfigKey(key)));
  }
  const StatusOr<Config> config = LoadConfig(sources);
  if (!config.ok()) return Refused(config.status());
  const ConfigEntry& entry = config->Entries()[found - ConfigKeys().data()];
  VerbOutput out{.messages = WarningLines(*config)};
  if (json) {
    wire::AppendJsonString(out.output, kSchema);
    out.output = StrCat("{\"schema\":", out.output, ",", JsonPairs(entry), "}\n");
    return out;
  }
  for (const std::string& text : DisplayTexts(*found, entry.value)) {
    out.output += EscapeForTerminal(text) + "\n";
  }
  if (found->effect == KeyEffect::kRefused) {
    out.messages += StrCat("coditect: ", found->name, " is not in this version\n");
  } else if (IsUnset(*found, entry.value)) {
    out.messages += StrCat("coditect: ", found->name, " is not set\n");
  }
  const std::string note = config->Note(key);
  if (!note.empty()) out.messages += StrCat("coditect: ", note, "\n");
  return out;
}

VerbOutput ConfigValidate(const ConfigSources& sources, const std::string& file, bool json) {
  const StatusOr<Config> config =
      file.empty() ? LoadConfig(sources) : LoadConfigFile(sources, file);
  VerbOutput out =
      config.ok() ? VerbOutput{.messages = WarningLines(*config)} : Refused(config.status());
  if (json) out.output = CheckJson(config);
  if (json || !config.ok()) return out;
  for (const ConfigFileRead& read : config->Files()) {
    out.output +=
        StrCat(EscapeForTerminal(read.path), ": valid, ", Counted(read.settings, "setting"), "\n");
  }
  if (out.output.empty()) out.output = "valid: no configuration file, defaults only\n";
  return out;
}

}  // namespace coditect
