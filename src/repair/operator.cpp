// How operators write: parentheses, patterns, and the collection of proposals.
#include "src/repair/operator.h"

#include <algorithm>

namespace coditect::repair {

using analysis::Field;
using analysis::SyntaxTree;

Level LevelOf(const SyntaxTree& tree, NodeId id) {
  switch (tree[id].role) {
    case Role::kConditional:
    case Role::kLambda:
    case Role::kExpressionList:
    case Role::kYield:
    case Role::kNamedExpression:
    case Role::kAssignment:
    case Role::kAugmentedAssignment:
      return kLambdaLevel;
    case Role::kBoolean:
      return kLogicalLevel;
    case Role::kNot:  // `not a` needs no parentheses beside `and`
      return tree.language().form.not_binds_tightly ? kUnaryLevel : kCompareLevel;
    case Role::kCompare:
      return kCompareLevel;
    case Role::kBinary: {
      NodeId op = tree.Child(id, Field::kOperator);
      bool bits = op != kNoNode && tree[op].end == tree[op].start + 1 &&
                  std::string_view("&|^").find(tree.Text(op)) != std::string_view::npos;
      return bits && tree.language().form.bits_bind_loosely ? kLogicalLevel : kBinaryLevel;
    }
    case Role::kUnary:
    case Role::kUpdate:
    case Role::kCast:
    case Role::kAwait:
      return kUnaryLevel;
    default:
      return kAtomLevel;
  }
}

Level LevelNeeded(const SyntaxTree& tree, NodeId id) {
  const analysis::SyntaxNode& node = tree[id];
  switch (tree.RoleOf(node.parent)) {
    case Role::kNot:
      if (tree.language().form.not_binds_tightly) return kUnaryLevel;
      return kCompareLevel;
    case Role::kBoolean:
      return kCompareLevel;
    case Role::kUpdate:
    case Role::kCast:
      return kAtomLevel;
    case Role::kCompare:
      return kBinaryLevel;
    case Role::kBinary:
      return kAtomLevel;
    case Role::kUnary:
    case Role::kAwait:
    case Role::kSplat:
      return kAtomLevel;
    case Role::kAttribute:
      return kAtomLevel;
    case Role::kSubscript:
      return node.field == Field::kSubscript ? kLambdaLevel : kAtomLevel;
    case Role::kCall:
      return kAtomLevel;
    case Role::kConditional:
    case Role::kComprehensionFor:
    case Role::kComprehensionIf:
      return kLogicalLevel;
    default:
      return kLambdaLevel;
  }
}

ConditionalParts PartsOf(const SyntaxTree& tree, NodeId conditional) {
  auto parts = tree.Children(conditional);
  if (NodeId condition = tree.Child(conditional, Field::kCondition); condition != kNoNode) {
    return {condition, tree.Child(conditional, Field::kConsequence),
            tree.Child(conditional, Field::kAlternative)};
  }
  if (parts.size() != 3) return {};
  return {parts[1], parts[0], parts[2]};
}

Phrase Negated(const analysis::Language& language, std::string_view text, Level level) {
  Level needed = language.form.not_binds_tightly ? kUnaryLevel : kCompareLevel;
  return {StrCat(language.spelling.logical_not, Fit(text, level, needed)), needed};
}

bool Takes(Kinds subject, Kinds kinds) {
  if (subject == analysis::kLetter && kinds != 0) return (kinds & analysis::kLetter) != 0;
  return subject == 0 || Compatible(kinds, subject);
}

bool HasOperator(const analysis::Language& language, std::string_view sign) {
  return IsOneOf(language.compare_operators, sign) ||
         IsOneOf(language.arithmetic_operators, sign) || IsOneOf(language.bit_operators, sign);
}

std::string Fit(std::string_view text, Level level, Level needed) {
  return level < needed ? StrCat("(", text, ")") : std::string(text);
}

bool IsOneOf(analysis::Words words, std::string_view name) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return word.starts_with('.') ? name.ends_with(word) : name == word;
  });
}

std::string FillIn(std::string_view pattern,
                   std::initializer_list<std::pair<char, std::string_view>> values) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '$' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    char name = pattern[++i];
    for (const auto& [key, value] : values) {
      if (key == name) out += value;
    }
  }
  return out;
}

void Proposals::Replace(NodeId node, std::string_view text, double factor, Level level) {
  const SyntaxTree& tree = source_.tree();
  ReplaceToken(node, Fit(text, level, LevelNeeded(tree, node)), factor);
}

void Proposals::ReplaceToken(NodeId node, std::string_view text, double factor) {
  const analysis::SyntaxNode& at = source_.tree()[node];
  Edit(at.start, at.end, text, factor);
}

void Proposals::Edit(uint32_t start, uint32_t end, std::string_view text, double factor) {
  Edit(std::vector<Splice>{{start, end, std::string(text)}}, factor);
}

void Proposals::Edit(std::vector<Splice> splices, double factor) {
  const std::string& text = source_.tree().text();
  std::sort(splices.begin(), splices.end(), [](const Splice& a, const Splice& b) {
    return a.start != b.start ? a.start < b.start : a.end < b.end;
  });
  uint32_t at = 0;
  bool changes = false;
  for (const Splice& splice : splices) {
    if (splice.start < at || splice.end < splice.start || splice.end > text.size()) return;
    at = splice.end;
    changes |=
        std::string_view(text).substr(splice.start, splice.end - splice.start) != splice.text;
  }
  if (changes && factor > 0) items_.push_back({std::move(splices), factor});
}

std::vector<Proposal> Proposals::Take() {
  std::stable_sort(items_.begin(), items_.end(),
                   [](const Proposal& a, const Proposal& b) { return a.factor > b.factor; });
  if (items_.size() > kProposalsPerCellMax) items_.resize(kProposalsPerCellMax);
  return std::move(items_);
}

}  // namespace coditect::repair
