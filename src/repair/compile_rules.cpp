// Grouping, the rules in order, and what they share.
#include "src/repair/compile_rules.h"

#include <algorithm>
#include <map>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

constexpr size_t kGroupErrorsMax = 200;
constexpr size_t kNameBytesMax = 120;

/// Words of a name in any of the usual spellings, in small letters.
std::set<std::string> WordsOf(std::string_view name) {
  std::set<std::string> words;
  std::string word;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if ((c == '_' || (upper && !word.empty())) && word.size() > 1) {
      words.insert(word);
      word.clear();
    }
    if (c != '_') word += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!word.empty()) words.insert(word);
  return words;
}

/// Edit distance with transpositions of neighbours (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

/// What the compiler itself offers. A remedy of each error of the group makes one for all.
void ProposeFixIts(const RuleContext& context) {
  const size_t offers = context.error().fixes.size();
  for (size_t i = 0; i < offers; ++i) {
    std::vector<SourceEdit> all;
    for (const Diagnostic& error : context.group.errors) {
      if (i >= error.fixes.size()) continue;
      for (const SourceEdit& edit : error.fixes[i]) {
        if (std::ranges::find(all, edit) == all.end()) all.push_back(edit);
      }
    }
    const double score = 0.95 - 0.02 * static_cast<double>(i);
    if (context.group.errors.size() > 1) context.Propose(all, "the compiler's own fix", score);
    context.Propose(context.error().fixes[i], "the compiler's own fix", score - 0.01);
  }
}

}  // namespace

bool RuleContext::Says(std::string_view text) const { return Contains(error().message, text); }

bool RuleContext::SaysOneOf(std::initializer_list<std::string_view> texts) const {
  return std::ranges::any_of(texts, [&](std::string_view text) { return Says(text); });
}

void RuleContext::Propose(std::vector<SourceEdit> edits, std::string rule, double score) const {
  if (!edits.empty()) out->push_back({std::move(edits), std::move(rule), score});
}

std::vector<std::string> QuotedIn(std::string_view message) {
  std::vector<std::string> found;
  for (size_t at = message.find('\''); at != std::string_view::npos;) {
    const size_t end = message.find('\'', at + 1);
    if (end == std::string_view::npos) break;
    found.emplace_back(message.substr(at + 1, end - at - 1));
    at = message.find('\'', end + 1);
  }
  return found;
}

QualifiedName NameOf(std::string_view signature) {
  std::string plain;  // without template arguments
  int angles = 0;
  for (const char c : signature) {
    if (c == '<') ++angles;
    if (angles == 0) plain += c;
    if (c == '>' && angles > 0) --angles;
  }
  plain = plain.substr(0, plain.find('('));
  while (!plain.empty() && (plain.back() == ' ' || plain.back() == '*' || plain.back() == '&')) {
    plain.pop_back();
  }
  const size_t start = plain.find_last_of(" *&");
  if (start != std::string::npos) plain.erase(0, start + 1);
  const size_t last = plain.rfind("::");
  if (last == std::string::npos) return {"", plain};
  return {plain.substr(0, last), plain.substr(last + 2)};
}

std::string LastPart(const std::string& scope) {
  const size_t last = scope.rfind("::");
  return last == std::string::npos ? scope : scope.substr(last + 2);
}

double NameLikeness(std::string_view a, std::string_view b) {
  if (a == b) return 1;
  if (a.empty() || b.empty() || a.size() > kNameBytesMax || b.size() > kNameBytesMax) return 0;
  const size_t longest = std::max(a.size(), b.size());
  const double letters = 1 - static_cast<double>(EditDistance(a, b)) / static_cast<double>(longest);
  const std::set<std::string> left = WordsOf(a);
  const std::set<std::string> right = WordsOf(b);
  size_t shared = 0;
  for (const std::string& word : left) shared += right.contains(word) ? 1 : 0;
  const size_t all = left.size() + right.size() - shared;
  const double words = all == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(all);
  return std::min(0.99, std::max(letters, 0.9 * words));
}

size_t FindNameAt(const CodeText& code, const Diagnostic& at, std::string_view name) {
  const uint32_t offset = code.Offset(at.line, at.column);
  size_t best = kNoToken;
  uint32_t best_away = UINT32_MAX;
  for (size_t i = code.TokenAt(code.LineStart(at.line));
       i < code.tokens().size() && code.tokens()[i].line == at.line; ++i) {
    if (!code.IsName(i) || code.Text(i) != name) continue;
    const uint32_t start = code.tokens()[i].start;
    const uint32_t away = start > offset ? start - offset : offset - start;
    if (away < best_away) {
      best_away = away;
      best = i;
    }
  }
  return best;
}

std::vector<NamePlace> PlacesOf(const RuleContext& context, std::string_view name) {
  std::vector<NamePlace> places;
  std::set<std::pair<size_t, size_t>> seen;
  for (const Diagnostic& error : context.group.errors) {
    const size_t file = context.index.FileOf(error.file);
    if (file == kNoToken || error.line == 0) continue;
    const size_t token = FindNameAt(context.index.files()[file], error, name);
    if (token != kNoToken && seen.insert({file, token}).second) places.push_back({file, token});
  }
  return places;
}

SourceEdit Replace(const CodeText& code, uint32_t start, uint32_t end, std::string text) {
  return {code.path(), start, end, std::move(text)};
}

SourceEdit Insert(const CodeText& code, uint32_t at, std::string text) {
  return Replace(code, at, at, std::move(text));
}

SourceEdit ReplaceToken(const CodeText& code, size_t token, std::string text) {
  return Replace(code, code.tokens()[token].start, code.tokens()[token].end, std::move(text));
}

bool IsCpp(const CodeIndex& index, size_t file) {
  const std::string& path = index.files()[file].path();
  if (path.ends_with(".c")) return false;
  if (!path.ends_with(".h")) return true;
  return std::ranges::none_of(index.files(),
                              [](const CodeText& one) { return one.path().ends_with(".c"); });
}

const FunctionText* FunctionAround(const CodeIndex& index, size_t file, uint32_t offset) {
  for (const FunctionText& function : index.functions()) {
    if (function.file == file && function.definition && function.start <= offset &&
        offset < function.body_end) {
      return &function;
    }
  }
  return nullptr;
}

std::vector<ErrorGroup> GroupErrors(const std::vector<Diagnostic>& diagnostics) {
  std::vector<ErrorGroup> groups;
  std::map<std::string, size_t> by_message;
  for (const bool errors : {true, false}) {
    for (const Diagnostic& one : diagnostics) {
      if (one.error != errors) continue;
      if (!errors && !Contains(one.message, "implicit declaration of function")) continue;
      const auto [at, is_new] = by_message.try_emplace(one.message, groups.size());
      if (is_new) groups.emplace_back();
      ErrorGroup& group = groups[at->second];
      if (group.errors.size() < kGroupErrorsMax) group.errors.push_back(one);
    }
  }
  return groups;
}

std::vector<CompileProposal> ProposeFixes(const CodeIndex& index, const ErrorGroup& group,
                                          const std::set<std::string>& editable,
                                          CompileSpace space) {
  std::vector<CompileProposal> all;
  const RuleContext context{index, group, space, editable, &all};
  ProposeFixIts(context);
  ProposeIncludes(context);
  ProposeNames(context);
  ProposeMembers(context);
  ProposeArguments(context);
  ProposeSignatures(context);
  ProposeConstness(context);
  ProposeDefinitions(context);
  ProposeMarks(context);
  ProposeBraces(context);
  ProposeTypes(context);
  std::ranges::stable_sort(
      all, [](const CompileProposal& a, const CompileProposal& b) { return a.score > b.score; });
  std::vector<CompileProposal> out;
  for (CompileProposal& one : all) {
    const bool allowed = std::ranges::all_of(
        one.edits, [&](const SourceEdit& edit) { return editable.contains(edit.file); });
    const bool known = std::ranges::any_of(
        out, [&](const CompileProposal& other) { return other.edits == one.edits; });
    if (allowed && !known && out.size() < kProposalsMax) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace coditect::repair
