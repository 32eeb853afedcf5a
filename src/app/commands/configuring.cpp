// config list, get, set, validate; init.
#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/commands/fields.h"
#include "src/app/config/verbs.h"

namespace coditect {
namespace {

ConfigSources SourcesOf(const GlobalOptions& global) {
  // Outside a repository the person's own layers are all there is.
  const auto resolved = ResolveRepository(Context(), global.folder, "");
  ConfigSources sources =
      StandardConfigSources(ProcessEnvironment(), resolved.ok() ? resolved->ref.path : "");
  if (!global.config_file.empty()) {
    sources.user_file = global.config_file;
    sources.user_file_required = true;
  }
  sources.overrides = global.settings;
  return sources;
}

/// For verbs that only look: what a repository may not set does not keep them from it.
ConfigSources SourcesToLookAt(const GlobalOptions& global) {
  ConfigSources sources = SourcesOf(global);
  sources.ignore_untrusted = true;
  return sources;
}

int Print(const VerbOutput& output) {
  PrintErr(output.messages);
  return Answer(output.output, output.exit_code);
}

}  // namespace

int ConfigListCommand(const GlobalOptions& global, bool show_origin) {
  VerbOutput output = ConfigList(SourcesToLookAt(global),
                                 {.show_origin = show_origin, .json = global.output == "json"});
  if (output.exit_code == 0 && global.output == "json") {
    output.output = ChooseInList("config list", output.output, "keys", global.fields);
  }
  return Print(output);
}

int ConfigGetCommand(const GlobalOptions& global, const std::string& key) {
  return Print(ConfigGet(SourcesToLookAt(global), key, global.output == "json"));
}

int ConfigValidateCommand(const GlobalOptions& global, const std::string& file) {
  return Print(ConfigValidate(SourcesOf(global), file, global.output == "json"));
}

int ConfigSetCommand(const GlobalOptions& global, const std::string& key, const std::string& value,
                     bool repository, bool dry_run) {
  VerbOutput output =
      ConfigSet(SourcesOf(global), key, value,
                {.repository = repository, .dry_run = dry_run, .json = global.output == "json"});
  if (global.quiet && output.exit_code == 0) output.messages.clear();
  return Print(output);
}

int TrustCommand(const GlobalOptions& global, bool revoke, bool dry_run) {
  VerbOutput output = ConfigTrust(
      SourcesOf(global), {.revoke = revoke, .dry_run = dry_run, .json = global.output == "json"});
  if (global.quiet && output.exit_code == 0) output.messages.clear();
  return Print(output);
}

int InitCommand(const GlobalOptions& global, bool dry_run) {
  VerbOutput output = ConfigInit(SourcesOf(global), dry_run, global.output == "json");
  if (global.quiet && output.exit_code == 0) output.messages.clear();
  return Print(output);
}

}  // namespace coditect
