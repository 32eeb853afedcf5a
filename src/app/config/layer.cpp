// The layers of the configuration.
#include "src/app/config/layer.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "src/app/config/toml_reader.h"

#include "src/base/check.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kProblemsMax = 10;

// Where a setting stands: how errors name it, how `--show-origin` does, and how to undo it.
struct Place {
  std::string where;
  std::string origin;
  std::string_view undo;
};

// A name as an error shows it: bare when it looks like a key.
std::string ShowName(std::string_view name) {
  constexpr size_t kBytesMax = 64;
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.";
  const bool plain = !name.empty() && name.size() <= kBytesMax &&
                     name.find_first_not_of(kPlain) == std::string_view::npos;
  return plain ? std::string(name) : QuoteForMessage(name);
}

Status UnknownKey(const Place& place, std::string_view name) {
  if (IsConfigSection(name)) {
    return InvalidArgument(place.where, ": ", ShowName(name), ": is a section, not a key; set ",
                           name, ".NAME instead");
  }
  return InvalidArgument(place.where, ": unknown key ", ShowName(name), SuggestConfigKey(name),
                         "; correct or ", place.undo);
}

// Keeps the value of `key`, or says what is wrong with it.
void Assign(const ConfigKey& key, StatusOr<ConfigValue> value, const Place& place,
            std::vector<Assignment>& out, Problems& problems) {
  const std::string prefix = StrCat(place.where, ": ", key.name);
  if (key.effect == KeyEffect::kRefused) {
    problems.Add(Unimplemented(prefix, ": is not in this version; ", place.undo));
  } else if (!value.ok()) {
    problems.Add(Annotate(value.status(), prefix));
  } else {
    out.push_back({&key, *std::move(value), place.origin});
  }
}

// True when nothing has that path. A dangling link is something.
bool IsAbsent(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

StatusOr<std::string> ReadConfigFile(const ConfigFile& file) {
  if (!file.repository.empty()) {
    ASSIGN_OR_RETURN(const std::string top, RealPath(file.repository));
    ASSIGN_OR_RETURN(const std::string target, RealPath(file.path));
    if (!IsBelow(target, top)) {
      return PermissionDenied(file.path, " is a link that leaves the repository");
    }
  }
  return ReadFile(file.path, kFileBytesMax);
}

// Of a repository's file: the path and content that a person may have trusted.
bool IsTrusted(const ConfigFile& file, std::string_view text) {
  if (file.repository.empty()) return true;
  const StatusOr<std::string> folder = RealPath(DirName(file.path));
  return file.trusted != nullptr && folder.ok() &&
         file.trusted->Trusts(JoinPath(*folder, BaseName(file.path)), text);
}

void AssignEntry(const ConfigFile& file, bool trusted, const TomlEntry& entry,
                 std::vector<Assignment>& out, Problems& problems) {
  const std::string path = EscapeForTerminal(file.path);
  const auto place_at = [&](const TomlPlace& at) {
    return Place{StrCat(path, ":", at.line, ":", at.column), StrCat(path, ":", at.line),
                 "remove it"};
  };
  const Place name_place = place_at(entry.name_at);
  const ConfigKey* key = FindConfigKey(entry.name);
  if (key == nullptr) {
    if (!entry.section || !IsConfigSection(entry.name)) {
      problems.Add(UnknownKey(name_place, entry.name));
    }
    return;
  }
  if (!trusted && !key->repository_may) {
    if (file.ignored != nullptr) {
      Assign(*key, ParseToml(*key, entry.value), place_at(entry.value_at), *file.ignored, problems);
      return;
    }
    problems.Add(PermissionDenied(
        name_place.where, ": ", key->name, ": repository files cannot set it until you trust this ",
        "one (`coditect trust --dry-run` shows what it sets, `coditect trust` trusts it); or put ",
        "it into ", file.user_file.empty() ? "your user file" : EscapeForTerminal(file.user_file)));
    return;
  }
  Assign(*key, ParseToml(*key, entry.value), place_at(entry.value_at), out, problems);
}

// "CODITECT_AGENT__TIMEOUT" -> "agent.timeout".
std::string NameOfVariable(std::string_view variable) {
  std::string out;
  for (size_t i = std::string_view("CODITECT_").size(); i < variable.size(); ++i) {
    if (variable.substr(i, 2) == "__") {
      out += '.';
      ++i;
    } else {
      out += absl::ascii_tolower(static_cast<unsigned char>(variable[i]));
    }
  }
  return out;
}

// The key whose variable this would be with its underscores and letters right, or nullptr.
const ConfigKey* NearlyVariableOf(std::string_view variable) {
  std::string upper(variable);
  absl::AsciiStrToUpper(&upper);
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string right = ConfigVariable(key);
    std::string single = right;
    single.erase(single.find("__"), 1);
    if (upper == right || upper == single) return &key;
  }
  return nullptr;
}

void AssignVariable(const std::string& variable, const std::string& text,
                    std::vector<Assignment>& out, Problems& problems) {
  const std::string shown = EscapeForTerminal(variable.substr(0, 100));
  const Place place{shown, shown, "unset it"};
  const ConfigKey* key = FindConfigKey(NameOfVariable(variable));
  if (key == nullptr || ConfigVariable(*key) != variable) {
    const ConfigKey* meant = NearlyVariableOf(variable);
    if (meant != nullptr) {
      problems.Add(InvalidArgument(shown, ": is no variable of coditect (did you mean ",
                                   ConfigVariable(*meant), "?); correct or unset it"));
    } else if (variable.find("__") != std::string::npos) {
      problems.Add(UnknownKey(place, NameOfVariable(variable)));
    }
    return;
  }
  if (text.empty()) {
    problems.Add(InvalidArgument(shown, ": ", key->name, ": is set but empty; unset it"));
  } else {
    Assign(*key, ParseText(*key, text), place, out, problems);
  }
}

}  // namespace

void Problems::Add(Status problem) {
  full_ = kept_.size() >= kProblemsMax;
  if (!full_) kept_.push_back(std::move(problem));
}

Status Problems::ToStatus() const {
  if (kept_.empty()) return absl::OkStatus();
  std::vector<std::string> lines;
  for (const Status& problem : kept_) lines.push_back(Message(problem));
  if (full_) lines.emplace_back("and more problems; correct these first");
  return Status(kept_[0].code(), Join(lines, "\n"));
}

bool ReadFileLayer(const ConfigFile& file, std::vector<Assignment>& out, Problems& problems) {
  if (file.path.empty()) return false;
  const std::string path = EscapeForTerminal(file.path);
  if (IsAbsent(file.path)) {
    if (file.required) problems.Add(NotFound(path, ": no such file; check its name"));
    return false;
  }
  const StatusOr<std::string> text = ReadConfigFile(file);
  if (!text.ok()) {
    const bool unknown = absl::IsUnknown(text.status());  // EIO, ELOOP: the caller mends the file
    problems.Add(
        Status(unknown ? absl::StatusCode::kFailedPrecondition : text.status().code(),
               StrCat(EscapeForTerminal(Message(text.status())), "; correct or remove ", path)));
    return true;
  }
  const StatusOr<std::vector<TomlEntry>> entries = ReadToml(*text);
  if (!entries.ok()) {
    problems.Add(Status(entries.status().code(), StrCat(path, ":", Message(entries.status()))));
    return true;
  }
  const bool trusted = IsTrusted(file, *text);
  for (const TomlEntry& entry : *entries) {
    if (problems.full()) break;
    AssignEntry(file, trusted, entry, out, problems);
  }
  return true;
}

void ReadEnvironmentLayer(const std::map<std::string, std::string>& environment,
                          std::vector<Assignment>& out, Problems& problems) {
  for (const ConfigKey& key : ConfigKeys()) {
    const auto found = environment.find(std::string(key.variable));
    if (key.variable.empty() || found == environment.end()) continue;
    const Place place{std::string(key.variable), std::string(key.variable), "unset it"};
    if (found->second.empty()) {
      problems.Add(InvalidArgument(key.variable, ": ", key.name, ": is set but empty; unset it"));
    } else {
      Assign(key, ParseVariable(key, found->second), place, out, problems);
    }
  }
  constexpr std::string_view kPrefix = "CODITECT_";
  for (auto it = environment.lower_bound(std::string(kPrefix)); it != environment.end(); ++it) {
    if (it->first.substr(0, kPrefix.size()) != kPrefix || problems.full()) break;
    AssignVariable(it->first, it->second, out, problems);
  }
}

void ReadOverrideLayer(const std::vector<std::string>& overrides, std::vector<Assignment>& out,
                       Problems& problems) {
  const Place place{"-c", "-c", "leave it out"};
  for (const std::string& argument : overrides) {
    if (problems.full()) break;
    const size_t equals = argument.find('=');
    const std::string_view name = TrimWhitespace(std::string_view(argument).substr(0, equals));
    const ConfigKey* key = FindConfigKey(name);
    if (key == nullptr) {
      problems.Add(UnknownKey(place, name));
    } else if (equals == std::string::npos) {
      problems.Add(InvalidArgument("-c: ", name, ": has no value; write -c ", name, "=VALUE"));
    } else {
      const std::string_view text = TrimWhitespace(std::string_view(argument).substr(equals + 1));
      Assign(*key, ParseText(*key, text), place, out, problems);
    }
  }
}

void ReadFlagLayer(const std::vector<FlagValue>& flags, std::vector<Assignment>& out,
                   Problems& problems) {
  for (const FlagValue& flag : flags) {
    const ConfigKey* key = FindConfigKey(flag.key);
    CHECK_WITH(key != nullptr, flag.key);
    Assign(*key, ParseText(*key, flag.value), {flag.flag, flag.flag, "leave it out"}, out,
           problems);
  }
}

}  // namespace coditect
