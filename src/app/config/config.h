// The configuration of one process: layers of files, variables and flags merged into typed values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/app/config/layer.h"
#include "src/app/config/value.h"
#include "src/base/status.h"

namespace coditect {

/// Everything the configuration is made of. A path "" is no such file.
struct ConfigSources {
  std::string managed_file;  // its values cannot be set otherwise
  std::string system_file;   // from here on, each layer beats the ones above it
  std::string user_file;
  bool user_file_required = false;  // it was named by --config
  std::string repository;           // top of the person's working tree: coditect.toml and
                                    // .coditect/local.toml in it; "" outside a repository
  std::string trust_file;           // the person's list of the repository files that they trust
  bool ignore_untrusted = false;    // what those of others may not set is ignored, not an error
  std::map<std::string, std::string> environment;
  std::vector<std::string> overrides;  // of -c: "key=value"
  std::vector<FlagValue> flags;
};

/// The usual places: /etc/coditect/{managed,coditect}.toml and coditect/config.toml in
/// XDG_CONFIG_HOME (when absolute, as the XDG base directory specification 0.8 says) or ~/.config.
ConfigSources StandardConfigSources(std::map<std::string, std::string> environment,
                                    std::string repository);

/// One key with its value in force.
struct ConfigEntry {
  const ConfigKey* key = nullptr;
  ConfigValue value;
  std::string origin;  // "default", "/path/file:12", "AGENT_TIMEOUT_SECONDS", "-c", "--sandbox"
};

/// A file that was there, with the number of keys it sets.
struct ConfigFileRead {
  std::string path;
  size_t settings = 0;
};

/// An immutable value. The getters CHECK that the key exists and has their type.
class Config {
 public:
  Config(std::vector<ConfigEntry> entries, std::vector<ConfigFileRead> files,
         std::vector<Assignment> ignored);

  bool Bool(std::string_view key) const;
  int64_t Integer(std::string_view key) const;
  int64_t DurationMs(std::string_view key) const;
  /// Text, choices and URLs; "" = unset. URLs come with their passwords.
  const std::string& Text(std::string_view key) const;
  const std::vector<std::string>& List(std::string_view key) const;
  const std::string& Origin(std::string_view key) const;

  /// Every key, in the order of ConfigKeys().
  const std::vector<ConfigEntry>& Entries() const { return entries_; }
  const std::vector<ConfigFileRead>& Files() const { return files_; }
  /// What files that the person does not trust would set.
  const std::vector<Assignment>& Ignored() const { return ignored_; }
  /// What a person set that has no effect yet, one line each.
  std::vector<std::string> Warnings() const;
  /// What a value means here, "" for nothing to say: llm.brain = auto is the offline brain.
  std::string Note(std::string_view key) const;

 private:
  const ConfigEntry& Entry(std::string_view key) const;

  std::vector<ConfigEntry> entries_;
  std::vector<ConfigFileRead> files_;
  std::vector<Assignment> ignored_;
};

/// The files that configure the repository with that top, there or not; none for "".
std::vector<std::string> RepositoryConfigFiles(const std::string& repository);

/// Reads every layer once and merges them. The error has one line for each problem (Problems); a
/// layer that sets a key of the managed file to something else is PERMISSION_DENIED.
StatusOr<Config> LoadConfig(const ConfigSources& sources);

/// The same for the managed file and `file` alone, which is read as the repository's when it is
/// named coditect.toml or .coditect/local.toml inside a repository, else as the user file.
StatusOr<Config> LoadConfigFile(const ConfigSources& sources, const std::string& file);

}  // namespace coditect
