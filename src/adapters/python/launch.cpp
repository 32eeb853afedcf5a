// Command lines of support scripts.
#include "src/adapters/python/launch.h"

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {

SandboxCommand ScriptCommand(const std::string& scripts, const std::string& verb,
                             const std::string& interpreter, uint64_t seed,
                             const SandboxLimits& limits) {
  constexpr uint64_t kHashSeeds = uint64_t{1} << 32;
  SandboxCommand command;
  command.argv = {interpreter, JoinPath(scripts, "start.py"), verb};
  command.environment["PYTHONHASHSEED"] = std::to_string(seed % kHashSeeds);
  command.environment["PYTHONDONTWRITEBYTECODE"] = "1";
  command.limits = limits;
  return command;
}

std::string LastLine(std::string_view text) {
  constexpr size_t kShownMax = 300;
  text = TrimWhitespace(text);
  const size_t start = text.rfind('\n');
  if (start != std::string_view::npos) text.remove_prefix(start + 1);
  return std::string(text.substr(0, kShownMax));
}

}  // namespace coditect::python
