// `coditect trust`: what a repository's files may set.
#include <algorithm>

#include "src/app/config/verbs.h"
#include "src/base/file.h"
#include "src/base/sha256.h"
#include "src/base/strings.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr size_t kTrustedBytesMax = size_t{1} << 20;

/// A repository's file as it would be trusted.
struct Candidate {
  std::string path;
  std::string bytes;
  std::vector<Assignment> settings;  // those that need trust
  std::string result;                // "trusted", "already", "nothing", "revoked", "untrusted"
};

VerbOutput RefusedTrust(const Status& status) {
  VerbOutput out{.exit_code = absl::IsNotFound(status)             ? 1
                              : absl::IsFailedPrecondition(status) ? 1
                              : absl::IsPermissionDenied(status)   ? 9
                                                                   : 2};
  for (const std::string& line : Split(Message(status), '\n')) {
    out.messages += StrCat("coditect: ", line, "\n");
  }
  return out;
}

/// Reads a file once: what is shown is what is trusted.
StatusOr<Candidate> ReadCandidate(const ConfigSources& sources, const std::string& path) {
  Candidate candidate;
  ASSIGN_OR_RETURN(const std::string folder, RealPath(DirName(path)));
  candidate.path = JoinPath(folder, BaseName(path));
  ASSIGN_OR_RETURN(candidate.bytes, ReadFile(path, kTrustedBytesMax));
  std::vector<Assignment> free;
  Problems problems;
  ReadFileLayer({.path = path, .repository = sources.repository, .ignored = &candidate.settings},
                free, problems);
  RETURN_IF_ERROR(problems.ToStatus());
  ASSIGN_OR_RETURN(const std::string again, ReadFile(path, kTrustedBytesMax));
  if (again != candidate.bytes) {
    return FailedPrecondition(EscapeForTerminal(path), " is being written; try again");
  }
  return candidate;
}

StatusOr<std::vector<Candidate>> ReadCandidates(const ConfigSources& sources) {
  if (sources.repository.empty()) {
    return FailedPrecondition("this is no git repository: go to one, or name one with -C");
  }
  std::vector<Candidate> candidates;
  for (const std::string& path : RepositoryConfigFiles(sources.repository)) {
    auto candidate = ReadCandidate(sources, path);
    if (absl::IsNotFound(candidate.status())) continue;
    if (!candidate.ok()) return candidate.status();
    candidates.push_back(*std::move(candidate));
  }
  if (candidates.empty()) {
    return NotFound("there is neither coditect.toml nor .coditect/local.toml in ",
                    EscapeForTerminal(sources.repository), ": nothing is to be trusted");
  }
  return candidates;
}

/// "-agent.sandbox = "auto"" and "+agent.sandbox = "none"": what it is now, what it would be.
std::string DiffText(const Candidate& candidate, const Config& now) {
  std::string out = EscapeForTerminal(candidate.path) + "\n";
  for (const Assignment& setting : candidate.settings) {
    const ConfigEntry& entry = now.Entries()[setting.key - ConfigKeys().data()];
    out += StrCat("- ", setting.key->name, " = ", ToToml(*setting.key, entry.value), "  # ",
                  entry.origin, "\n+ ", setting.key->name, " = ",
                  ToToml(*setting.key, setting.value), "  # ", setting.origin, "\n");
  }
  return out;
}

std::string FileJson(const Candidate& candidate, const Config& now) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("file", candidate.path);
  fields.Field("sha256", Sha256Hex(candidate.bytes));
  fields.Field("result", candidate.result);
  out += ",\"settings\":[";
  for (const Assignment& setting : candidate.settings) {
    const ConfigEntry& entry = now.Entries()[setting.key - ConfigKeys().data()];
    out += &setting == &candidate.settings.front() ? "{" : ",{";
    wire::JsonFields pairs(out);
    pairs.Field("key", setting.key->name);
    pairs.Field("origin", setting.origin);
    out += StrCat(",\"value\":", ToJson(*setting.key, setting.value),
                  ",\"now\":", ToJson(*setting.key, entry.value), "}");
  }
  return out + "]}";
}

/// What is done with the file, in `trusted` only; the words are the results of FileJson.
std::string Apply(const Candidate& candidate, bool revoke, TrustedFiles* trusted) {
  if (revoke) return trusted->Revoke(candidate.path) ? "revoked" : "untrusted";
  if (candidate.settings.empty()) return "nothing";
  if (trusted->Trusts(candidate.path, candidate.bytes)) return "already";
  trusted->Trust(candidate.path, candidate.bytes);
  return "trusted";
}

std::string Sentence(const Candidate& candidate, bool dry_run) {
  const std::string path = EscapeForTerminal(candidate.path);
  if (candidate.result == "trusted") {
    return StrCat(dry_run ? "would trust " : "trusted ", path,
                  " as it is now; a changed file is not trusted\n");
  }
  if (candidate.result == "revoked") {
    return StrCat(dry_run ? "would not trust " : "no longer trusted: ", path,
                  dry_run ? " any more\n" : "\n");
  }
  if (candidate.result == "already") return StrCat(path, " is trusted already\n");
  if (candidate.result == "untrusted") return StrCat(path, " was not trusted\n");
  return StrCat(path, " sets nothing that needs trust\n");
}

}  // namespace

VerbOutput ConfigTrust(const ConfigSources& sources, const TrustOptions& options) {
  auto candidates = ReadCandidates(sources);
  if (!candidates.ok()) return RefusedTrust(candidates.status());
  auto trusted = TrustedFiles::Read(sources.trust_file);
  if (!trusted.ok()) return RefusedTrust(trusted.status());
  ConfigSources alone = sources;
  alone.trust_file.clear();  // what is in force without them
  alone.ignore_untrusted = true;
  const auto now = LoadConfig(alone);
  if (!now.ok()) return RefusedTrust(now.status());
  VerbOutput out;
  bool changed = false;
  std::string files;
  for (Candidate& candidate : *candidates) {
    candidate.result = Apply(candidate, options.revoke, &*trusted);
    changed |= candidate.result == "trusted" || candidate.result == "revoked";
    if (!options.revoke) out.output += DiffText(candidate, *now);
    out.messages += Sentence(candidate, options.dry_run);
    files += StrCat(files.empty() ? "" : ",", FileJson(candidate, *now));
  }
  if (changed && !options.dry_run) {
    const Status written = trusted->Write(sources.trust_file);
    if (!written.ok()) return RefusedTrust(written);
  }
  if (options.json) {
    out.output = StrCat("{\"schema\":\"coditect.trust/v1\",\"dry_run\":", options.dry_run,
                        ",\"files\":[", files, "]}\n");
  }
  return out;
}

}  // namespace coditect
