// Single edits, best first.
#include "src/repair/single_stream.h"

#include <algorithm>

#include "src/repair/statement_text.h"

namespace coditect::repair {
namespace {

/// No proposal of a cell that was not opened yet is believed to be better than this factor.
constexpr double kUnopenedFactor = 1.3;
/// Proposals far down in a long list are less likely than their factor says.
constexpr double kCrowding = 0.02;
constexpr double kSiteBoostMax = 2.5;
constexpr double kOperatorBoostMax = 1.5;

uint64_t Mix(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// `text` of a statement with what it needs around it to parse.
std::string InContext(const SourceModel& model, const Statement& statement, std::string text) {
  const auto& say = model.language().spelling;
  const analysis::SyntaxTree& tree = model.tree();
  const Role role = tree[statement.node].role;
  std::string_view pattern;
  if (role == Role::kSection) {
    pattern = say.section_context;
  } else if (role == Role::kDoCondition) {
    pattern = say.do_condition_context;
  } else if (statement.clause) {
    pattern = say.clause_context;
  } else if (model.language().form.braces) {
    const NodeId holder = tree[statement.node].parent;
    const bool member =
        tree.RoleOf(holder) == Role::kBlock && tree.RoleOf(tree[holder].parent) == Role::kClass;
    if (member) {
      pattern = say.nested_context;
    } else if (role != Role::kFunction && role != Role::kClass) {
      pattern = say.statement_context;
    }
  }
  return pattern.empty() ? text : FillIn(pattern, {{'s', text}, {'i', ""}});
}

/// True when `text` was edited from an `original` that does not parse either, and has no more
/// errors.
bool NoWorse(analysis::Parser& parser, std::string text, std::string original) {
  if (parser.Accepts(original)) return false;
  auto errors = [&](std::string source) {
    auto tree = parser.Parse(std::move(source));
    if (!tree.ok()) return std::ptrdiff_t{-1};
    return std::count_if(tree->nodes().begin(), tree->nodes().end(),
                         [](const auto& node) { return node.role == Role::kError; });
  };
  const auto after = errors(std::move(text));
  return after >= 0 && after <= errors(std::move(original));
}

/// True when what is replaced holds a line of the preprocessor.
bool TouchesDirective(const SourceModel& model, const Splice& splice) {
  if (!model.language().form.braces) return false;
  std::string_view text =
      std::string_view(model.tree().text()).substr(splice.start, splice.end - splice.start);
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    size_t first = text.find_first_not_of(" \t", at + 1);
    if (first != std::string_view::npos && text[first] == '#') return true;
  }
  return false;
}

}  // namespace

struct SingleStream::Cell {
  size_t site = 0;
  const Operator* op = nullptr;
  bool open = false;
  std::vector<Proposal> proposals;
  size_t next = 0;
};

SingleStream::SingleStream(const std::vector<std::unique_ptr<SourceModel>>& sources,
                           const std::vector<SuspiciousLine>& lines, const SearchContext& context,
                           bool (*wanted)(const Operator&), uint64_t seed)
    : sources_(sources), seen_(sources.size()), seed_(seed) {
  for (size_t i = 0; i < sources.size(); ++i) {
    parsers_.emplace_back(sources[i]->language());
    seen_[i].insert(sources[i]->hash().Of({}));
  }
  std::set<std::pair<size_t, int>> known;
  const auto unexecuted = std::count_if(
      lines.begin(), lines.end(), [](const SuspiciousLine& line) { return line.failed == 0; });
  size_t kept_free = std::min(kSitesKeptMax, static_cast<size_t>(unexecuted));
  for (const SuspiciousLine& line : lines) {
    if (sites_.size() >= kSitesMax) break;
    if (line.failed > 0 && sites_.size() + kept_free >= kSitesMax) continue;
    if (line.failed == 0 && kept_free > 0) --kept_free;
    for (size_t i = 0; i < sources.size(); ++i) {
      if (sources[i]->path() != line.file) continue;
      const auto& statements = sources[i]->statements();
      int index = analysis::StatementAtLine(statements, line.line);
      // Statements that share the line are one suspect.
      for (; index >= 0 && static_cast<size_t>(index) < statements.size() &&
             statements[static_cast<size_t>(index)].first_line <= line.line;
           ++index) {
        if (!known.insert({i, index}).second) continue;
        sites_.push_back(std::make_unique<Site>(*sources[i], static_cast<size_t>(index), context));
        site_source_.push_back(i);
        site_score_.push_back(line.score);
      }
    }
  }
  site_boost_.assign(sites_.size(), 1.0);
  for (const Operator& op : Operators()) {
    if (!wanted(op)) continue;
    operator_boost_[&op] = 1.0;
    for (size_t site = 0; site < sites_.size(); ++site) cells_.push_back({.site = site, .op = &op});
  }
  for (size_t cell = 0; cell < cells_.size(); ++cell) Push(cell);
}

SingleStream::~SingleStream() = default;

uint32_t SingleStream::LineOf(size_t site) const {
  return sites_[site]->tree()[sites_[site]->statement().node].line;
}

std::string SingleStream::FunctionOf(size_t site) const {
  return sites_[site]->source().FunctionName(sites_[site]->statement().node);
}

void SingleStream::Push(size_t index) {
  const Cell& cell = cells_[index];
  double factor = kUnopenedFactor;
  uint64_t tie = index;
  if (cell.open) {
    if (cell.next >= cell.proposals.size()) return;
    const Proposal& proposal = cell.proposals[cell.next];
    factor = proposal.factor / (1 + kCrowding * static_cast<double>(cell.next));
    tie = Mix(seed_ ^ Mix(index * 4096 + cell.next));
  }
  double score = site_score_[cell.site] * site_boost_[cell.site] * operator_boost_[cell.op] *
                 cell.op->prior * factor;
  queue_.push({score, tie, index});
}

void SingleStream::Expand(Cell& cell) {
  Proposals proposals(sites_[cell.site]->source());
  cell.op->generate(*sites_[cell.site], proposals);
  cell.proposals = proposals.Take();
  cell.open = true;
}

std::optional<Single> SingleStream::Next() {
  while (!queue_.empty()) {
    Entry entry = queue_.top();
    queue_.pop();
    Cell& cell = cells_[entry.cell];
    if (!cell.open) {
      Expand(cell);
      Push(entry.cell);
      continue;
    }
    Proposal proposal = std::move(cell.proposals[cell.next++]);
    Push(entry.cell);
    size_t source = site_source_[cell.site];
    if (std::any_of(proposal.splices.begin(), proposal.splices.end(), [&](const Splice& splice) {
          return TouchesDirective(*sources_[source], splice);
        }))
      continue;
    if (!IsNew(source, proposal.splices)) continue;
    if (!Parses(source, proposal.splices)) continue;
    return Single{source, cell.site, cell.op, std::move(proposal.splices), entry.score};
  }
  return std::nullopt;
}

void SingleStream::Encourage(size_t site, const Operator* op, double share) {
  site_boost_[site] = std::min(kSiteBoostMax, site_boost_[site] * (1 + 0.5 * share));
  operator_boost_[op] = std::min(kOperatorBoostMax, operator_boost_[op] * (1 + 0.1 * share));
  queue_ = {};
  for (size_t cell = 0; cell < cells_.size(); ++cell) Push(cell);
}

bool SingleStream::GroupByStatement(size_t source, const std::vector<Splice>& splices,
                                    std::map<size_t, std::vector<Splice>>* groups) const {
  const auto& statements = sources_[source]->statements();
  const analysis::SyntaxTree& tree = sources_[source]->tree();
  for (const Splice& splice : splices) {
    // The last statement that begins at or before the edit; its own text must hold all of it.
    auto after =
        std::upper_bound(statements.begin(), statements.end(), splice.start,
                         [&](uint32_t at, const Statement& s) { return at < tree[s.node].start; });
    if (after == statements.begin()) return false;
    const Statement& statement = *std::prev(after);
    Role role = tree[statement.node].role;
    bool alone = !statement.clause || role == Role::kElif || role == Role::kSection ||
                 role == Role::kDoCondition;
    if (!alone || splice.end > statement.header_end) return false;
    // Behind a bare statement its owner goes on: `if (a) b; else c;`.
    if (statement.bare && splice.start == statement.header_end) return false;
    (*groups)[static_cast<size_t>(std::prev(after) - statements.begin())].push_back(splice);
  }
  return true;
}

bool SingleStream::Parses(size_t source, const std::vector<Splice>& splices) {
  std::map<size_t, std::vector<Splice>> groups;
  if (!GroupByStatement(source, splices, &groups)) return FunctionParses(source, splices);
  return std::all_of(groups.begin(), groups.end(), [&](const auto& group) {
    return StatementParses(source, sources_[source]->statements()[group.first], group.second);
  });
}

bool SingleStream::ParseTogether(size_t source, const std::vector<Splice>& a,
                                 const std::vector<Splice>& b, const std::vector<Splice>& both) {
  std::map<size_t, std::vector<Splice>> of_a, of_b;
  if (!GroupByStatement(source, a, &of_a) || !GroupByStatement(source, b, &of_b)) {
    return FunctionParses(source, both);
  }
  // Each parses alone, so only statements that both touch are in doubt.
  for (const auto& [statement, splices] : of_a) {
    if (of_b.contains(statement)) return Parses(source, both);
  }
  return true;
}

bool SingleStream::StatementParses(size_t source, const Statement& statement,
                                   const std::vector<Splice>& splices) {
  const SourceModel& model = *sources_[source];
  const auto& say = model.language().spelling;
  const bool braces = model.language().form.braces;
  const Role role = model.tree()[statement.node].role;
  if (braces && (role == Role::kBlock || role == Role::kDo)) return FunctionParses(source, splices);
  uint32_t start = model.tree()[statement.node].start;
  std::vector<Splice> local = splices;
  for (Splice& splice : local) {
    splice.start -= start;
    splice.end -= start;
  }
  std::string text = Apply(
      std::string_view(model.tree().text()).substr(start, statement.header_end - start), local);
  if (statement.body != kNoNode && !(braces && (role == Role::kBlock || role == Role::kSection)))
    text += say.empty_body;
  std::string_view indent;
  analysis::IndentOf(model.tree(), statement.node, &indent);
  indent = indent.substr(0, indent.find_first_not_of(" \t"));
  if (text.find('\n') != std::string::npos) text = Reindent(text, indent, "");
  return parsers_[source].Accepts(InContext(model, statement, std::move(text)));
}

bool SingleStream::FunctionParses(size_t source, const std::vector<Splice>& splices) {
  const SourceModel& model = *sources_[source];
  const analysis::SyntaxTree& tree = model.tree();
  NodeId node =
      tree.Covering(splices.front().start, std::max(splices.back().end, splices.front().start));
  while (node != 0 && tree[node].role != Role::kFunction && tree[node].role != Role::kClass)
    node = tree[node].parent;
  std::string_view indent;
  if (node == 0 || tree[node].end < splices.back().end ||
      !analysis::IndentOf(tree, node, &indent)) {
    return parsers_[source].Accepts(Apply(tree.text(), splices));
  }
  uint32_t start = tree[node].start;
  std::vector<Splice> local = splices;
  for (Splice& splice : local) {
    splice.start -= start;
    splice.end -= start;
  }
  auto whole = [&](std::string_view text) {
    if (indent.empty()) return StrCat(text, "\n");
    auto context = model.language().spelling.nested_context;
    return StrCat(FillIn(context, {{'i', indent}, {'s', text}}), "\n");
  };
  std::string text = whole(Apply(tree.Text(node), local));
  if (parsers_[source].Accepts(text)) return true;
  // A macro that is no program by itself is not the edit's fault.
  return model.language().form.braces &&
         NoWorse(parsers_[source], std::move(text), whole(tree.Text(node)));
}

}  // namespace coditect::repair
