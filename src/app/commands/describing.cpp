// completion, man: the command line described for shells and readers.
#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/verb_table.h"

namespace coditect {

int CompletionCommand(const VerbHelp& program, const std::string& shell) {
  const auto script = CompletionScript(program, shell);
  return script.ok() ? Answer(*script) : Fail(script.status());
}

int ManCommand(const VerbHelp& program) { return Answer(ManualPage(program, BuildId())); }

}  // namespace coditect
