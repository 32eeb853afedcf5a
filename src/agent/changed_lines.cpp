// Which lines a change touches, and whether they ran.
#include "src/agent/changed_lines.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/analysis/statements.h"

namespace coditect {
namespace {

/// False for what no run can be seen to execute: in C and C++ whatever stands outside a function
/// (directives, prototypes, types, tables) and declarations that compute nothing.
bool IsRun(const analysis::SyntaxTree& tree, const analysis::Statement& statement) {
  using analysis::Role;
  if (tree.language().name == "python") return true;
  const Role role = tree[statement.node].role;
  if (role == Role::kFunction) return true;
  if (role == Role::kImport || role == Role::kLeftAlone) return false;
  if (tree.Ancestor(statement.node, {Role::kFunction}) == analysis::kNoNode) return false;
  return role != Role::kDeclaration ||
         tree.Text(statement.node).find_first_of("=({") != std::string_view::npos;
}

/// Executable lines of the statements that a hunk touches, in the new text.
std::vector<uint32_t> StatementLines(const analysis::SyntaxTree& tree, const Hunk& hunk) {
  const auto statements = analysis::Statements(tree);
  const auto executable = analysis::ExecutableLines(tree);
  const std::set<uint32_t> runs(executable.begin(), executable.end());
  // A deletion stands between two lines: either neighbour will do.
  const uint32_t first = std::max<uint32_t>(1, hunk.first);
  const uint32_t last = hunk.count > 0 ? hunk.first + hunk.count - 1 : hunk.first + 1;
  std::set<uint32_t> lines;
  for (const analysis::Statement& statement : statements) {
    if (statement.first_line > last || statement.header_end_line < first) continue;
    if (!runs.contains(statement.first_line) || !IsRun(tree, statement)) continue;
    lines.insert(statement.first_line);
    for (uint32_t line = std::max(first, statement.first_line);
         line <= std::min(last, statement.header_end_line); ++line) {
      lines.insert(line);
    }
  }
  if (lines.empty() && hunk.count == 0) {  // the last statement of its block
    const auto before = std::lower_bound(executable.begin(), executable.end(), first);
    if (before != executable.begin()) lines.insert(*std::prev(before));
  }
  return {lines.begin(), lines.end()};
}

}  // namespace

StatusOr<std::vector<WatchedHunk>> ChangedHunks(const Lease& lease, const std::string& tree,
                                                const std::vector<FileChange>& changes) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  ASSIGN_OR_RETURN(const std::string diff,
                   git->Diff(lease.ctx, lease.mission.request().repository.base_commit, tree));
  ASSIGN_OR_RETURN(const auto hunks, ParseUnifiedDiff(diff));
  std::map<std::string, const FileChange*> by_path;
  for (const FileChange& change : changes) by_path[change.path] = &change;
  std::vector<WatchedHunk> watched;
  for (const Hunk& hunk : hunks) {
    const auto change = by_path.find(hunk.file);
    if (change == by_path.end() || change->second->kind != FileChange::Kind::kWrite) continue;
    const analysis::Language* language = analysis::LanguageOf(hunk.file);
    if (language == nullptr) continue;
    analysis::Parser parser(*language);
    ASSIGN_OR_RETURN(const auto parsed, parser.Parse(change->second->content));
    std::vector<uint32_t> lines = StatementLines(parsed, hunk);
    if (!lines.empty()) watched.push_back({hunk.file, std::move(lines)});
  }
  return watched;
}

std::vector<FileLines> WatchedLines(const std::vector<WatchedHunk>& hunks) {
  std::map<std::string, std::set<uint32_t>> by_file;
  for (const WatchedHunk& hunk : hunks) {
    by_file[hunk.file].insert(hunk.lines.begin(), hunk.lines.end());
  }
  std::vector<FileLines> out;
  for (const auto& [file, lines] : by_file) out.push_back({file, {lines.begin(), lines.end()}});
  return out;
}

std::vector<WatchedHunk> UnexecutedHunks(const std::vector<WatchedHunk>& hunks,
                                         const TestReport& report) {
  std::map<std::string, std::set<uint32_t>> executed;
  for (const FileLines& file : report.executed) {
    executed[file.file].insert(file.lines.begin(), file.lines.end());
  }
  std::vector<WatchedHunk> unexecuted = hunks;
  std::erase_if(unexecuted, [&](const WatchedHunk& hunk) {
    const auto found = executed.find(hunk.file);
    return found != executed.end() &&
           std::any_of(hunk.lines.begin(), hunk.lines.end(),
                       [&](uint32_t line) { return found->second.contains(line); });
  });
  return unexecuted;
}

}  // namespace coditect
