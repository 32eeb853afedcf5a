// gc: forgets what old runs left behind.
#include "src/app/collection.h"
#include "src/app/commands/commands.h"
#include "src/app/commands/reading.h"
#include "src/app/config/value.h"
#include "src/app/exit_code.h"
#include "src/app/request.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr std::chrono::minutes kSweepTimeout{30};

/// "30d", from the flag or the configuration.
StatusOr<int64_t> RetentionOf(const Config& config, const std::string& older_than) {
  if (older_than.empty()) return config.DurationMs("storage.retention");
  // Shorter than the key may be: at a person's own word, everything that has ended.
  ConfigKey key = *FindConfigKey("storage.retention");
  key.min = 0;
  auto value = ParseText(key, older_than);
  if (!value.ok()) return Annotate(value.status(), "--older-than");
  return std::get<int64_t>(*value);
}

std::string Bytes(uint64_t bytes) {
  constexpr uint64_t kKib = 1024;
  if (bytes < kKib) return StrCat(bytes, " bytes");
  if (bytes < kKib * kKib) return StrCat((bytes + kKib - 1) / kKib, " KiB");
  const uint64_t tenths = bytes * 10 / (kKib * kKib);
  return StrCat(tenths / 10, ".", tenths % 10, " MiB");
}

std::string SweepText(const RetentionReport& report, const RetentionOptions& options) {
  const bool dry = options.dry_run;
  std::string out =
      StrCat(dry ? "Would forget " : "Forgot ", Counted(report.forgotten.size(), "run"),
             " that ended more than ", FormatDuration(options.older_than_ms), " ago");
  if (!report.forgotten.empty()) out += ": " + Join(report.forgotten, ", ");
  out += StrCat("; ", report.runs_kept, dry ? " would stay\n" : " stay\n");
  out += StrCat(dry ? "Would drop " : "Dropped ", Counted(report.refs_dropped, "ref"),
                " below refs/coditect/");
  if (!report.undelivered.empty()) {
    out += StrCat("; ", report.undelivered.size(), " with work that was not delivered:");
    for (const RunRef& ref : report.undelivered) {
      out += StrCat("\n  ", EscapeForTerminal(ref.ref), " ", ref.commit.substr(0, 12));
    }
  }
  out += "\n";
  for (const std::string& reason : report.unreachable) {
    out += StrCat("Left for later: ", EscapeForTerminal(reason), "\n");
  }
  if (!dry) {
    out += StrCat("Telemetry: ", Counted(report.telemetry_blocks, "block"), " deleted\n");
    out +=
        StrCat("Ledger: ", Counted(report.events_moved, "event"), " moved out of the log, ",
               report.events_dropped, " past their retention; ", Bytes(report.ledger_bytes_before),
               " on the disk, now ", Bytes(report.ledger_bytes), "\n");
  }
  return out + StrCat(dry ? "Would free " : "Freed ", Bytes(report.bytes_freed), " in ",
                      Counted(report.blobs_deleted, "blob"), "\n");
}

std::string SweepJson(const RetentionReport& report, const RetentionOptions& options) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.gc/v1"));
  fields.Field("dry_run", options.dry_run);
  fields.Field("older_than_ms", options.older_than_ms);
  fields.Field("forgotten", report.forgotten);
  fields.Field("runs_kept", report.runs_kept);
  fields.Field("refs_dropped", report.refs_dropped);
  fields.Field("undelivered", report.undelivered);
  fields.Field("unreachable", report.unreachable);
  fields.Field("telemetry_blocks", report.telemetry_blocks);
  fields.Field("events_moved", report.events_moved);
  fields.Field("events_dropped", report.events_dropped);
  fields.Field("blobs_deleted", report.blobs_deleted);
  fields.Field("bytes_freed", report.bytes_freed);
  fields.Field("ledger_bytes_before", report.ledger_bytes_before);
  fields.Field("ledger_bytes", report.ledger_bytes);
  return out + "}\n";
}

}  // namespace

int GcCommand(const GlobalOptions& global, const std::string& older_than, bool dry_run) {
  const Context ctx = Context().WithTimeout(kSweepTimeout);
  const SystemClock clock;
  auto config = LoadCommandConfig(global, "", {});
  if (!config.ok()) return Fail(config.status());
  const auto retention = RetentionOf(*config, older_than);
  if (!retention.ok()) return Fail(retention.status());
  // Nothing is made where nothing is.
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const RetentionOptions options{.now_ms = clock.WallMs(),
                                 .older_than_ms = *retention,
                                 .dry_run = dry_run,
                                 .owned = reading->owned};
  const StatePaths paths = reading->paths;
  reading->tail.reset();  // what reads an old version of the ledger keeps its space
  const auto report = dry_run ? CollectGarbage(ctx, paths, nullptr, options)
                              : Collect(ctx, paths, MakeOwnerOptions(*config, ProcessEnvironment()),
                                        clock, *retention);
  if (!report.ok()) {
    return Fail(dry_run ? ExplainLedgerError(report.status(), paths) : report.status());
  }
  return Answer(global.output == "json" ? SweepJson(*report, options)
                                        : SweepText(*report, options));
}

}  // namespace coditect
