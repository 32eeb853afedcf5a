// The configuration of one process.
#include "src/app/config/config.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr std::string_view kDefaultOrigin = "default";
constexpr std::string_view kRepositoryFile = "coditect.toml";
constexpr std::string_view kLocalFolder = ".coditect";
constexpr std::string_view kLocalFile = "local.toml";

std::string Environment(const std::map<std::string, std::string>& environment,
                        const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

// Layers of files into assignments.
class FileLayers {
 public:
  void Read(const ConfigFile& file, std::vector<Assignment>& out, Problems& problems) {
    const size_t before = out.size();
    if (ReadFileLayer(file, out, problems)) files_.push_back({file.path, out.size() - before});
  }
  std::vector<ConfigFileRead> Take() { return std::move(files_); }

 private:
  std::vector<ConfigFileRead> files_;
};

// The values in force: defaults, then `managed`, then `settings` in their order where they may.
std::vector<ConfigEntry> Merge(const std::vector<Assignment>& managed,
                               const std::vector<Assignment>& settings, Problems& problems) {
  std::vector<ConfigEntry> entries;
  for (const ConfigKey& key : ConfigKeys()) {
    entries.push_back({&key, DefaultValue(key), std::string(kDefaultOrigin)});
  }
  std::vector<const Assignment*> locks(entries.size(), nullptr);
  for (const Assignment& lock : managed) {
    const size_t index = lock.key - ConfigKeys().data();
    locks[index] = &lock;
    entries[index] = {lock.key, lock.value, lock.origin};
  }
  for (const Assignment& setting : settings) {
    const size_t index = setting.key - ConfigKeys().data();
    const Assignment* lock = locks[index];
    if (lock == nullptr) {
      entries[index] = {setting.key, setting.value, setting.origin};
    } else if (setting.value != lock->value) {
      problems.Add(PermissionDenied(setting.origin, ": ", setting.key->name, ": is locked to ",
                                    ToToml(*lock->key, lock->value), " by ", lock->origin,
                                    "; remove it here, or ask whoever manages this machine"));
    }
  }
  return entries;
}

// The top of the repository that `file` would configure, or "".
std::string RepositoryOf(const std::string& file) {
  const bool local = BaseName(file) == kLocalFile && BaseName(DirName(file)) == kLocalFolder;
  if (BaseName(file) != kRepositoryFile && !local) return "";
  StatusOr<std::string> folder = RealPath(DirName(file));
  if (!folder.ok()) return "";
  for (std::string top = *folder;; top = DirName(top)) {
    if (PathExists(JoinPath(top, ".git"))) return top;
    if (top == "/") return "";
  }
}

}  // namespace

ConfigSources StandardConfigSources(std::map<std::string, std::string> environment,
                                    std::string repository) {
  std::string folder = Environment(environment, "XDG_CONFIG_HOME");
  const std::string home = Environment(environment, "HOME");
  if (folder.empty() || folder[0] != '/') folder = home.empty() ? "" : JoinPath(home, ".config");
  return {.managed_file = "/etc/coditect/managed.toml",
          .system_file = "/etc/coditect/coditect.toml",
          .user_file = folder.empty() ? "" : JoinPath(folder, "coditect/config.toml"),
          .repository = std::move(repository),
          .trust_file = folder.empty() ? "" : JoinPath(folder, "coditect/trusted"),
          .environment = std::move(environment)};
}

Config::Config(std::vector<ConfigEntry> entries, std::vector<ConfigFileRead> files,
               std::vector<Assignment> ignored)
    : entries_(std::move(entries)), files_(std::move(files)), ignored_(std::move(ignored)) {}

const ConfigEntry& Config::Entry(std::string_view key) const {
  const ConfigKey* found = FindConfigKey(key);
  CHECK_WITH(found != nullptr, std::string(key));
  return entries_[found - ConfigKeys().data()];
}

bool Config::Bool(std::string_view key) const {
  const ConfigEntry& entry = Entry(key);
  CHECK_WITH(entry.key->type == ValueType::kBool, std::string(key));
  return std::get<bool>(entry.value);
}

int64_t Config::Integer(std::string_view key) const {
  const ConfigEntry& entry = Entry(key);
  CHECK_WITH(entry.key->type == ValueType::kInteger, std::string(key));
  return std::get<int64_t>(entry.value);
}

int64_t Config::DurationMs(std::string_view key) const {
  const ConfigEntry& entry = Entry(key);
  CHECK_WITH(entry.key->type == ValueType::kDuration, std::string(key));
  return std::get<int64_t>(entry.value);
}

const std::string& Config::Text(std::string_view key) const {
  const auto* text = std::get_if<std::string>(&Entry(key).value);
  CHECK_WITH(text != nullptr, std::string(key));
  return *text;
}

const std::vector<std::string>& Config::List(std::string_view key) const {
  const auto* list = std::get_if<std::vector<std::string>>(&Entry(key).value);
  CHECK_WITH(list != nullptr, std::string(key));
  return *list;
}

const std::string& Config::Origin(std::string_view key) const { return Entry(key).origin; }

std::vector<std::string> Config::Warnings() const {
  std::vector<std::string> unused;
  for (const ConfigEntry& entry : entries_) {
    if (entry.key->effect == KeyEffect::kNotYet && entry.origin != kDefaultOrigin) {
      unused.push_back(StrCat(entry.key->name, " (", entry.origin, ")"));
    }
  }
  if (unused.empty()) return {};
  return {StrCat("embedded storage is used; no effect in this version: ", Join(unused, ", "))};
}

std::string Config::Note(std::string_view key) const {
  if (key != "llm.brain" || Text(key) != "auto") return "";
  return "llm.brain: auto is the offline brain here: this version has no model adapter";
}

std::vector<std::string> RepositoryConfigFiles(const std::string& repository) {
  if (repository.empty()) return {};
  return {JoinPath(repository, kRepositoryFile),
          JoinPath(repository, StrCat(kLocalFolder, "/", kLocalFile))};
}

StatusOr<Config> LoadConfig(const ConfigSources& sources) {
  FileLayers files;
  Problems problems;
  std::vector<Assignment> managed;
  files.Read({.path = sources.managed_file}, managed, problems);
  std::vector<Assignment> settings;
  files.Read({.path = sources.system_file}, settings, problems);
  files.Read({.path = sources.user_file, .required = sources.user_file_required}, settings,
             problems);
  const StatusOr<TrustedFiles> trusted = TrustedFiles::Read(sources.trust_file);
  if (!trusted.ok()) problems.Add(trusted.status());
  std::vector<Assignment> ignored;
  for (const std::string& path : RepositoryConfigFiles(sources.repository)) {
    files.Read({.path = path,
                .repository = sources.repository,
                .user_file = sources.user_file,
                .trusted = trusted.ok() ? &*trusted : nullptr,
                .ignored = sources.ignore_untrusted ? &ignored : nullptr},
               settings, problems);
  }
  ReadEnvironmentLayer(sources.environment, settings, problems);
  ReadOverrideLayer(sources.overrides, settings, problems);
  ReadFlagLayer(sources.flags, settings, problems);
  std::vector<ConfigEntry> entries = Merge(managed, settings, problems);
  RETURN_IF_ERROR(problems.ToStatus());
  return Config(std::move(entries), files.Take(), std::move(ignored));
}

StatusOr<Config> LoadConfigFile(const ConfigSources& sources, const std::string& file) {
  FileLayers files;
  Problems problems;
  std::vector<Assignment> managed;
  files.Read({.path = sources.managed_file}, managed, problems);
  std::vector<Assignment> settings;
  const StatusOr<TrustedFiles> trusted = TrustedFiles::Read(sources.trust_file);
  if (!trusted.ok()) problems.Add(trusted.status());
  files.Read({.path = file,
              .required = true,
              .repository = RepositoryOf(file),
              .user_file = sources.user_file,
              .trusted = trusted.ok() ? &*trusted : nullptr},
             settings, problems);
  std::vector<ConfigEntry> entries = Merge(managed, settings, problems);
  RETURN_IF_ERROR(problems.ToStatus());
  return Config(std::move(entries), files.Take(), {});
}

}  // namespace coditect
