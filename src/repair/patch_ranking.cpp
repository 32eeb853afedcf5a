// Refusal rules against over-fitting.
#include "src/repair/patch_ranking.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "src/domain/test_integrity.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

bool IsLiteral(Role role) {
  return role == Role::kInteger || role == Role::kFloat || role == Role::kString ||
         role == Role::kTrue || role == Role::kFalse || role == Role::kNull ||
         role == Role::kCharacter;
}

/// Values too ordinary to be a special case.
bool Ordinary(std::string_view text) {
  static constexpr std::string_view kOrdinary[] = {"0",    "1",     "2",       "''",   "\"\"",
                                                   "None", "True",  "False",   "' '",  "\" \"",
                                                   "true", "false", "nullptr", "NULL", "'0'"};
  return std::find(std::begin(kOrdinary), std::end(kOrdinary), text) != std::end(kOrdinary);
}

struct Facts {
  size_t asserts = 0, raises = 0, handlers = 0, guards = 0, unreachable = 0,
         constant_conditions = 0;
  size_t literal_returns = 0, computed_returns = 0;
  std::multiset<std::string> equals;   // literals compared for equality
  std::multiset<std::string> differs;  // literals compared for difference
  std::set<std::string> literals;
  std::multiset<std::string> examples;  // texts with a doctest in them
};

bool Jumps(Role role) {
  return role == Role::kReturn || role == Role::kRaise || role == Role::kBreak ||
         role == Role::kContinue;
}

bool Constant(const SyntaxTree& tree, NodeId condition) {
  if (IsLiteral(tree[condition].role)) return true;
  if (tree[condition].role == Role::kCompare || tree[condition].role == Role::kBoolean) {
    auto parts = tree.Children(condition);
    if (parts.size() == 2 && tree.Text(parts[0]) == tree.Text(parts[1])) return true;
    if (parts.size() == 2 && IsLiteral(tree[parts[0]].role) && IsLiteral(tree[parts[1]].role))
      return true;
  }
  return false;
}

/// A call that is the language's assertion.
bool Asserts(const SyntaxTree& tree, NodeId call) {
  NodeId callee = tree.Child(call, Field::kFunction);
  if (callee == kNoNode || tree[callee].role != Role::kIdentifier) return false;
  for (std::string_view word : tree.language().assertions) {
    if (tree.Text(callee).starts_with(word)) return true;
  }
  return false;
}

void ReadBlock(const SyntaxTree& tree, NodeId block, Facts* facts) {
  auto statements = analysis::StatementsIn(tree, block);
  for (size_t i = 0; i + 1 < statements.size(); ++i) {
    if (Jumps(tree[statements[i]].role)) {
      facts->unreachable += statements.size() - 1 - i;
      break;
    }
  }
  NodeId owner = tree[block].parent;
  Role role = tree.RoleOf(owner);
  bool guard = (role == Role::kIf || role == Role::kElif) && !statements.empty() &&
               (tree[statements.back()].role == Role::kReturn ||
                tree[statements.back()].role == Role::kRaise);
  facts->guards += guard;
}

void ReadCompare(const SyntaxTree& tree, NodeId compare, Facts* facts) {
  const auto& say = tree.language().spelling;
  NodeId op = tree.Child(compare, Field::kOperator);
  if (op == kNoNode) return;
  std::string_view sign = tree.Text(op);
  bool equal = sign == say.equal || sign == say.contains || sign == say.identical;
  bool differs = sign == say.not_equal || sign == say.contains_not || sign == say.identical_not;
  if (!equal && !differs) return;
  for (NodeId id = compare + 1; id < tree[compare].subtree_end; ++id) {
    if (IsLiteral(tree[id].role) && tree[id].role != Role::kNull)
      (equal ? facts->equals : facts->differs).emplace(tree.Text(id));
  }
}

Facts Read(const SyntaxTree& tree) {
  Facts facts;
  for (NodeId id = 0; id < tree.size(); ++id) {
    Role role = tree[id].role;
    facts.asserts += role == Role::kAssert;
    facts.raises += role == Role::kRaise;
    facts.handlers += role == Role::kExcept;
    if (role == Role::kBlock) ReadBlock(tree, id, &facts);
    if (Jumps(role) && tree.RoleOf(tree[id].parent) == Role::kIf)  // without brackets
      facts.guards += role == Role::kReturn || role == Role::kRaise;
    if (role == Role::kCall) facts.asserts += Asserts(tree, id);
    if (role == Role::kCompare) ReadCompare(tree, id, &facts);
    if (IsLiteral(role)) facts.literals.emplace(tree.Text(id));
    if (role == Role::kString && tree.Text(id).find(">>> ") != std::string_view::npos)
      facts.examples.emplace(tree.Text(id));
    bool decides = tree[id].field == Field::kCondition ||
                   tree.RoleOf(tree[id].parent) == Role::kComprehensionIf;
    if (decides && tree[id].named && tree.RoleOf(tree[id].parent) != Role::kWhile)
      facts.constant_conditions += Constant(tree, id);
    if (role == Role::kBoolean) facts.constant_conditions += Constant(tree, id);
    if (role != Role::kReturn) continue;
    auto parts = tree.Children(id);
    if (parts.empty()) continue;
    Role value = tree[parts[0]].role;
    bool empty = (value == Role::kList || value == Role::kDictionary || value == Role::kTuple) &&
                 tree.Children(parts[0]).empty();
    (IsLiteral(value) || empty ? facts.literal_returns : facts.computed_returns) += 1;
  }
  return facts;
}

/// A literal of `after` compared more often than before, unknown to the code and passed in by a
/// test.
bool NewTestValue(const std::multiset<std::string>& before, const std::multiset<std::string>& after,
                  const std::set<std::string>& known, const MinedLiterals& literals) {
  for (const std::string& text : after) {
    if (after.count(text) <= before.count(text) || Ordinary(text) || known.contains(text)) continue;
    for (const auto* list : {&literals.argument_strings, &literals.argument_numbers}) {
      if (std::find(list->begin(), list->end(), text) != list->end()) return true;
    }
  }
  return false;
}

}  // namespace

std::string RefusalRule(const SourceModel& source, const std::vector<Splice>& splices,
                        const MinedLiterals& literals) {
  if (IsTestOrConfigurationName(source.path())) return "edits_tests";
  analysis::Parser parser(source.language());
  auto patched = parser.Parse(Apply(source.tree().text(), splices));
  if (!patched.ok()) return "unreachable_code";
  Facts before = Read(source.tree()), after = Read(*patched);
  if (after.examples != before.examples) return "edits_tests";
  if (after.asserts < before.asserts || after.raises < before.raises ||
      after.guards < before.guards)
    return "deletes_guard";
  if (after.handlers > before.handlers) return "swallows_exception";
  if (NewTestValue(before.equals, after.equals, before.literals, literals)) return "special_case";
  if (NewTestValue(before.differs, after.differs, before.literals, literals))
    return "narrows_to_test";
  if (after.unreachable > before.unreachable ||
      after.constant_conditions > before.constant_conditions)
    return "unreachable_code";
  if (after.computed_returns < before.computed_returns &&
      after.literal_returns > before.literal_returns)
    return "constant_result";
  return "";
}

void SortPatches(std::vector<RankedPatch>* patches) {
  std::sort(patches->begin(), patches->end(), [](const RankedPatch& a, const RankedPatch& b) {
    return std::tuple(!a.refused_by.empty(), -a.score, a.number) <
           std::tuple(!b.refused_by.empty(), -b.score, b.number);
  });
}

}  // namespace coditect::repair
