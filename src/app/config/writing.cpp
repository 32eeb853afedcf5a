// The verbs that write configuration files.
#include <sys/stat.h>

#include "src/app/config/edit.h"
#include "src/app/config/example.h"
#include "src/app/config/verbs.h"
#include "src/base/file.h"
#include "src/base/strings.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr size_t kConfigBytesMax = size_t{1} << 20;

VerbOutput RefusedWrite(const Status& status) {
  const bool denied = absl::IsPermissionDenied(status);
  const bool usage = absl::IsInvalidArgument(status) || absl::IsUnimplemented(status);
  VerbOutput out{.exit_code = denied ? 9 : usage ? 2 : 1};
  for (const std::string& line : Split(Message(status), '\n')) {
    out.messages += StrCat("coditect: ", line, "\n");
  }
  return out;
}

std::string RepositoryConfig(const ConfigSources& sources) {
  return JoinPath(sources.repository, "coditect.toml");
}

/// The value, if the key takes it and nobody locked it.
StatusOr<ConfigValue> CheckSetting(const ConfigSources& sources, const ConfigKey& key,
                                   const std::string& value) {
  ConfigSources alone;
  alone.managed_file = sources.managed_file;
  alone.overrides = {StrCat(key.name, "=", value)};
  ASSIGN_OR_RETURN(const Config config, LoadConfig(alone));
  return config.Entries()[&key - ConfigKeys().data()].value;
}

/// The file that is written: where a link leads to, but not out of a repository.
StatusOr<std::string> TargetOf(const ConfigSources& sources, bool repository) {
  if (repository && sources.repository.empty()) {
    return FailedPrecondition("this is no git repository: go to one, or name one with -C");
  }
  const std::string path = repository ? RepositoryConfig(sources) : sources.user_file;
  if (path.empty()) return FailedPrecondition("there is no home: set HOME or XDG_CONFIG_HOME");
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return path;
  ASSIGN_OR_RETURN(const std::string target, RealPath(path));
  if (repository && !IsBelow(target, sources.repository)) {
    return PermissionDenied(EscapeForTerminal(path), " is a link that leaves the repository");
  }
  return target;
}

/// Keeps the mode of a file that is there.
Status WriteConfig(const std::string& path, std::string_view text, unsigned mode) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) mode = info.st_mode & 0777;
  RETURN_IF_ERROR(MakeDirs(DirName(path)));
  return WriteFileDurably(path, text, mode);
}

/// What beats the file, in a sentence; "" when it is in force.
std::string BeatenBy(const ConfigSources& sources, const ConfigKey& key, const std::string& file) {
  const StatusOr<Config> config = LoadConfig(sources);
  if (!config.ok()) {
    return StrCat("coditect: warning: the configuration has other problems:\n",
                  Message(config.status()), "\n");
  }
  const std::string& origin = config->Origin(key.name);
  if (origin.starts_with(EscapeForTerminal(file) + ":")) return "";
  return StrCat("coditect: warning: it has no effect here: ", origin, " beats it\n");
}

StatusOr<std::string> SetInFile(const ConfigSources& sources, const ConfigKey& key,
                                const std::string& toml, const std::string& path, bool dry_run,
                                unsigned mode) {
  struct stat info{};
  std::string text;
  if (::lstat(path.c_str(), &info) == 0) {
    ASSIGN_OR_RETURN(text, ReadFile(path, kConfigBytesMax));
  }
  auto edited = SetTomlValue(text, key.name, toml);
  if (absl::IsInvalidArgument(edited.status())) {
    return InvalidArgument(EscapeForTerminal(path), ":", Message(edited.status()));
  }
  if (!edited.ok()) return Annotate(edited.status(), EscapeForTerminal(path));
  if (!dry_run && *edited != text) RETURN_IF_ERROR(WriteConfig(path, *edited, mode));
  return dry_run ? "" : BeatenBy(sources, key, path);
}

}  // namespace

VerbOutput ConfigSet(const ConfigSources& sources, const std::string& key, const std::string& value,
                     const ConfigSetOptions& options) {
  const ConfigKey* found = FindConfigKey(key);
  if (found == nullptr) {
    return RefusedWrite(
        InvalidArgument("unknown key ", QuoteForMessage(key), SuggestConfigKey(key)));
  }
  if (options.repository && !found->repository_may) {
    return RefusedWrite(PermissionDenied(key, ": repository files cannot set it; set it without ",
                                         "--repository, in your own file"));
  }
  const auto checked = CheckSetting(sources, *found, value);
  if (!checked.ok()) return RefusedWrite(checked.status());
  const auto path = TargetOf(sources, options.repository);
  if (!path.ok()) return RefusedWrite(path.status());
  const std::string toml = ToToml(*found, *checked, Passwords::kShown);
  const auto warning =
      SetInFile(sources, *found, toml, *path, options.dry_run, options.repository ? 0644 : 0600);
  if (!warning.ok()) return RefusedWrite(warning.status());
  const std::string shown = ToToml(*found, *checked);
  VerbOutput out{.messages = StrCat(options.dry_run ? "would set " : "set ", key, " = ", shown,
                                    " in ", EscapeForTerminal(*path), "\n", *warning)};
  if (!options.json) return out;
  out.output = "{";
  wire::JsonFields fields(out.output);
  fields.Field("schema", std::string_view("coditect.config_set/v1"));
  fields.Field("key", key);
  fields.Field("file", *path);
  fields.Field("dry_run", options.dry_run);
  out.output += StrCat(",\"value\":", ToJson(*found, *checked), "}\n");
  return out;
}

VerbOutput ConfigInit(const ConfigSources& sources, bool dry_run, bool json) {
  const auto path = TargetOf(sources, /*repository=*/true);
  if (!path.ok()) return RefusedWrite(path.status());
  const std::string shown = EscapeForTerminal(*path);
  struct stat info{};
  if (::lstat(path->c_str(), &info) == 0) {
    return RefusedWrite(FailedPrecondition(
        shown, " is there already and stays as it is; `coditect config validate ",
        ShellQuote(shown), "` checks it"));
  }
  const std::string text = ExampleConfig(ExampleFor::kRepository);
  if (!dry_run) {
    if (const Status written = WriteConfig(*path, text, 0644); !written.ok()) {
      return RefusedWrite(written);
    }
  }
  VerbOutput out{.messages = StrCat(dry_run ? "would write " : "wrote ", shown,
                                    "; every setting in it is commented out\n")};
  if (!json) {
    if (dry_run) out.output = text;
    return out;
  }
  out.output = "{";
  wire::JsonFields fields(out.output);
  fields.Field("schema", std::string_view("coditect.init/v1"));
  fields.Field("file", *path);
  fields.Field("dry_run", dry_run);
  if (dry_run) fields.Field("text", text);
  out.output += "}\n";
  return out;
}

}  // namespace coditect
