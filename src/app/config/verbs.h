// The verbs of `config` and `init` as functions from sources to text.
#pragma once

#include <string>

#include "src/app/config/config.h"

namespace coditect {

/// What a verb prints and how it ends.
struct VerbOutput {
  int exit_code = 0;     // 0, or 2 for a usage or configuration error
  std::string output;    // for stdout
  std::string messages;  // for stderr
};

struct ConfigListOptions {
  bool show_origin = false;
  bool json = false;  // schema coditect.config/v1, always with origins
};

/// Every key with its value, as TOML that can be pasted into a file.
VerbOutput ConfigList(const ConfigSources& sources, const ConfigListOptions& options);

/// One key's value alone, a list with one entry a line, nothing when unset.
VerbOutput ConfigGet(const ConfigSources& sources, const std::string& key, bool json);

/// Checks `file` as the layer it would be (LoadConfigFile), or every layer when it is "".
/// json: schema coditect.config_check/v1 with `valid`, `files` and `problems`.
VerbOutput ConfigValidate(const ConfigSources& sources, const std::string& file, bool json = false);

struct ConfigSetOptions {
  bool repository = false;  // the repository's coditect.toml instead of the person's file
  bool dry_run = false;
  bool json = false;  // schema coditect.config_set/v1
};

/// Sets `key` in its file, which is replaced as a whole or not at all; comments and all else in it
/// stay. What the key does not take, what is locked and what a repository may not set is refused
/// before anything is written. Says when another layer beats the file.
VerbOutput ConfigSet(const ConfigSources& sources, const std::string& key, const std::string& value,
                     const ConfigSetOptions& options);

struct TrustOptions {
  bool revoke = false;
  bool dry_run = false;
  bool json = false;  // schema coditect.trust/v1
};

/// Shows what the repository's files would set beyond what every repository may, as a diff to the
/// values now in force, then lets them: their content as it is now, at this path. revoke: not any
/// more.
VerbOutput ConfigTrust(const ConfigSources& sources, const TrustOptions& options);

/// Writes a commented coditect.toml into the repository, where there is none. dry_run: prints it.
/// json: schema coditect.init/v1.
VerbOutput ConfigInit(const ConfigSources& sources, bool dry_run, bool json);

}  // namespace coditect
