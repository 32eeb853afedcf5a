// For the tests: a throw-away machine with its configuration files in a temporary folder.
#pragma once

#include <stdlib.h>

#include <string>
#include <string_view>

#include "src/app/config/config.h"
#include "src/base/file.h"

namespace coditect {

/// Removes its folder at the end. Not for threads.
class ConfigFixture {
 public:
  ConfigFixture() {
    char name[] = "/tmp/coditect-config-XXXXXX";
    folder_ = ::mkdtemp(name);
    sources_.managed_file = Path("etc/managed.toml");
    sources_.system_file = Path("etc/coditect.toml");
    sources_.user_file = Path("home/config.toml");
    sources_.repository = Path("repository");
    for (const char* folder : {"etc", "home", "repository/.coditect", "repository/.git"}) {
      MakeDirs(Path(folder), 0755).IgnoreError();
    }
  }
  ~ConfigFixture() { RemoveTree(folder_).IgnoreError(); }
  ConfigFixture(const ConfigFixture&) = delete;
  ConfigFixture& operator=(const ConfigFixture&) = delete;

  ConfigSources& sources() { return sources_; }
  const std::string& folder() const { return folder_; }
  std::string Path(std::string_view relative) const { return JoinPath(folder_, relative); }
  const std::string& user_file() const { return sources_.user_file; }
  std::string repository_file() const { return Path("repository/coditect.toml"); }
  std::string local_file() const { return Path("repository/.coditect/local.toml"); }

  void Write(const std::string& path, std::string_view text) const {
    WriteFile(path, text, 0644).IgnoreError();
  }
  StatusOr<Config> Load() const { return LoadConfig(sources_); }
  Status Error() const { return LoadConfig(sources_).status(); }

 private:
  std::string folder_;
  ConfigSources sources_;
};

}  // namespace coditect
