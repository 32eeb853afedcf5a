// explain: why a run changed what it changed.
#include "src/app/commands/commands.h"
#include "src/app/commands/fields.h"
#include "src/app/commands/reading.h"
#include "src/app/explanation.h"
#include "src/app/run_report.h"
#include "src/wire/json.h"

namespace coditect {

int ExplainCommand(const GlobalOptions& global, const RunName& name, const std::string& subject) {
  const Context ctx;
  const auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto mission = FindRun(*reading, name, global.folder);
  if (!mission.ok()) return Fail(mission.status());
  const auto blobs = OpenBlobs(reading->paths);
  if (!blobs.ok()) return Fail(blobs.status());
  auto faults = ExplainRun(ctx, **mission, **blobs);
  if (!faults.ok()) return Fail(faults.status());
  const std::string status = StatusWord(**mission, reading->owned);
  if (faults->empty()) {
    if (!subject.empty()) {
      return Fail(NotFound("run ", (*mission)->id, " (", status, ") sought no fault"));
    }
    if (!global.quiet) {
      PrintErr(
          EscapeForTerminal(StrCat("run ", (*mission)->id, " (", status, ") sought no fault",
                                   (*mission)->reason.empty() ? "" : ": ", (*mission)->reason)) +
          "\n");
    }
  }
  if (!subject.empty()) {
    faults = SelectFaults(*std::move(faults), subject);
    if (!faults.ok()) return Fail(faults.status());
  }
  if (global.output != "json") {
    return Answer(EscapeForTerminal(ExplanationText(*faults), /*keep_newlines=*/true));
  }
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.explain/v1"));
  fields.Field("run", (*mission)->id);
  fields.Field("status", status);
  return Answer(StrCat(out, ",\"faults\":", ChosenRows("explain", *faults, global.fields), "}\n"));
}

}  // namespace coditect
