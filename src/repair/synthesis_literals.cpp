// Literals mined from the tests, and linked edits: one literal or name everywhere, two exchanged.
#include <algorithm>
#include <cctype>

#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

constexpr size_t kOccurrencesMax = 12;

bool IsLiteral(const SyntaxTree& tree, NodeId id) {
  Role role = tree[id].role;
  bool documentation = tree.RoleOf(tree[id].parent) == Role::kExpressionStatement;
  return (role == Role::kString && !documentation) || role == Role::kInteger ||
         role == Role::kTrue || role == Role::kFalse || role == Role::kFloat ||
         role == Role::kCharacter;
}

/// Literals of the function by text, in the order of the text.
std::vector<std::pair<std::string_view, std::vector<NodeId>>> LiteralsOfFunction(const Site& site) {
  const SyntaxTree& tree = site.tree();
  std::vector<std::pair<std::string_view, std::vector<NodeId>>> out;
  NodeId function = site.FunctionNode();
  if (function == 0) return out;
  for (NodeId id = function; id < tree[function].subtree_end; ++id) {
    if (!IsLiteral(tree, id)) continue;
    auto found = std::find_if(out.begin(), out.end(),
                              [&](const auto& entry) { return entry.first == site.Text(id); });
    if (found == out.end()) {
      out.push_back({site.Text(id), {id}});
    } else {
      found->second.push_back(id);
    }
  }
  return out;
}

bool OwnsFirst(const Site& site, const std::vector<NodeId>& occurrences) {
  NodeId first = occurrences.front();
  return std::find(site.nodes().begin(), site.nodes().end(), first) != site.nodes().end();
}

std::vector<Splice> Everywhere(const SyntaxTree& tree, const std::vector<NodeId>& occurrences,
                               std::string_view text) {
  std::vector<Splice> out;
  for (NodeId id : occurrences) out.push_back({tree[id].start, tree[id].end, std::string(text)});
  return out;
}

/// Letters and digits in lower case: what two spellings of one answer share.
std::string Skeleton(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

/// Every literal that a test spells a little differently, in one edit.
void Align(const Site& site, Proposals& out) {
  std::vector<Splice> splices;
  auto literals = LiteralsOfFunction(site);
  bool mine = false;
  for (const auto& [text, occurrences] : literals) {
    std::string content, wanted;
    if (text.size() < 4 || !PlainString(text, &content) || Skeleton(content).size() < 2) continue;
    const auto& expected = site.context().literals.expected_strings;
    if (std::any_of(expected.begin(), expected.end(), [&](const std::string& e) {
          return PlainString(e, &wanted) && wanted == content;
        }))
      continue;
    for (const std::string& literal : expected) {
      if (!PlainString(literal, &wanted) || Skeleton(wanted) != Skeleton(content)) continue;
      mine |= splices.empty() && OwnsFirst(site, occurrences);
      for (Splice& splice : Everywhere(site.tree(), occurrences,
                                       QuoteLike(wanted, text, site.spelling().text_quotes)))
        splices.push_back(std::move(splice));
      break;
    }
  }
  if (mine && splices.size() > 1) out.Edit(std::move(splices), 3.0);
}

/// All brackets of one kind as those of another, where characters are literals of their own.
void Brackets(const Site& site, Proposals& out) {
  constexpr std::string_view kPairs[] = {"()", "[]", "{}", "<>"};
  auto literals = LiteralsOfFunction(site);
  auto quoted = [](char c) { return StrCat("'", std::string(1, c), "'"); };
  for (std::string_view from : kPairs) {
    std::vector<NodeId> all[2];
    for (const auto& [text, occurrences] : literals) {
      for (size_t side : {0, 1}) {
        if (text == quoted(from[side])) all[side] = occurrences;
      }
    }
    if (all[0].empty() || all[1].empty()) continue;
    if (!OwnsFirst(site, all[0]) || all[0].size() + all[1].size() > kOccurrencesMax) continue;
    for (std::string_view to : kPairs) {
      if (to == from) continue;
      auto splices = Everywhere(site.tree(), all[0], quoted(to[0]));
      for (Splice& splice : Everywhere(site.tree(), all[1], quoted(to[1])))
        splices.push_back(std::move(splice));
      out.Edit(std::move(splices), 0.8);
    }
  }
}

}  // namespace

void LiteralExpected(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const MinedLiterals& mined = site.context().literals;
  for (NodeId id : site.expressions()) {
    Role role = tree[id].role;
    std::string content, other;
    if (role == Role::kInteger || role == Role::kFloat) {
      double factor = 0.6;
      for (const std::string& number : mined.expected_numbers) {
        out.Replace(id, number, factor);
        factor *= 0.93;
      }
      continue;
    }
    if (role != Role::kString || !PlainString(site.Text(id), &content)) continue;
    double factor = 0.8;
    for (const std::string& text : mined.expected_strings) {
      bool near =
          PlainString(text, &other) && Skeleton(other) == Skeleton(content) && !content.empty();
      out.ReplaceToken(id, text, near ? 2.0 : factor);
      factor *= 0.93;
    }
    if (content.size() > 2) continue;
    std::set<char> letters;  // a separator or a bracket is a character of what the tests pass
    for (const std::string& text : mined.argument_strings) {
      if (!PlainString(text, &other)) continue;
      for (char c : other) {
        if (std::ispunct(static_cast<unsigned char>(c)) || c == ' ') letters.insert(c);
      }
    }
    for (char c : letters) {
      out.ReplaceToken(id, QuoteLike(std::string(1, c), site.Text(id), site.spelling().text_quotes),
                       0.5);
    }
  }
}

void LiteralAffix(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    Role parent = tree.RoleOf(tree[id].parent);
    bool place = parent == Role::kReturn || parent == Role::kArguments ||
                 parent == Role::kAssignment || parent == Role::kAugmentedAssignment ||
                 parent == Role::kExpressionList || parent == Role::kList ||
                 parent == Role::kConditional || parent == Role::kBinary ||
                 parent == Role::kComprehension;
    if (!place || tree[id].field == Field::kFunction) continue;
    Kinds kinds = site.source().KindsOf(id);
    if (!Compatible(kinds, analysis::kText) || tree[id].role == Role::kCompare) continue;
    double known = kinds == 0 ? 0.3 : 1.0;
    std::string text = Fit(site.Text(id), LevelOf(tree, id), kBinaryLevel);
    auto add = [&](std::string_view literal, double factor) {
      out.Replace(id, StrCat(text, " + ", literal), factor * known, kBinaryLevel);
      out.Replace(id, StrCat(literal, " + ", text), 0.8 * factor * known, kBinaryLevel);
    };
    for (const Phrase& other : site.Strings(id)) add(other.text, 0.8 * other.weight);
    for (const Atom& atom : site.ValuesAt(id, analysis::kText)) {
      if (atom.kinds != 0) add(atom.text, 0.6 * atom.weight);
    }
    std::set<char> ends;
    for (const std::string& expected : site.context().literals.expected_strings) {
      std::string content;
      if (!PlainString(expected, &content) || content.empty()) continue;
      for (char c : {content.front(), content.back()}) {
        if (std::ispunct(static_cast<unsigned char>(c)) || c == ' ') ends.insert(c);
      }
    }
    const std::string_view quotes = site.spelling().text_quotes;
    for (char c : ends) add(QuoteLike(std::string(1, c), quotes.substr(0, 1), quotes), 0.5);
  }
}

void LiteralEverywhere(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  Align(site, out);
  if (site.form().braces) Brackets(site, out);
  for (const auto& [text, occurrences] : LiteralsOfFunction(site)) {
    if (occurrences.size() < 2 || occurrences.size() > kOccurrencesMax ||
        !OwnsFirst(site, occurrences))
      continue;
    std::string content;
    if (tree[occurrences[0]].role == Role::kString && PlainString(text, &content)) {
      for (std::string_view to : {"", " ", "  ", ", ", "\n"}) {
        if (to != "\n")
          out.Edit(Everywhere(tree, occurrences, QuoteLike(to, text, site.spelling().text_quotes)),
                   content.size() <= 2 ? 0.9 : 0.2);
      }
      double factor = 0.6;
      for (const std::string& expected : site.context().literals.expected_strings) {
        out.Edit(Everywhere(tree, occurrences, expected), factor);
        factor *= 0.9;
      }
    } else if (tree[occurrences[0]].role == Role::kInteger && text.size() < 6) {
      long long value = 0;
      if (!ParseInt(text, 0, 999'999, &value)) continue;
      for (long long to : {value + 1, value - 1, value * 2, 0LL, 1LL}) {
        if (to >= 0) out.Edit(Everywhere(tree, occurrences, std::to_string(to)), 0.6);
      }
    }
  }
}

void LiteralSwap(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  auto literals = LiteralsOfFunction(site);
  for (size_t i = 0; i < literals.size() && i < 8; ++i) {
    for (size_t j = i + 1; j < literals.size() && j < 8; ++j) {
      const auto& [a, in_a] = literals[i];
      const auto& [b, in_b] = literals[j];
      Role ra = tree[in_a[0]].role, rb = tree[in_b[0]].role;
      bool truth =
          (ra == Role::kTrue && rb == Role::kFalse) || (ra == Role::kFalse && rb == Role::kTrue);
      if (!truth && ra != rb) continue;
      if (!OwnsFirst(site, in_a) || in_a.size() + in_b.size() > kOccurrencesMax) continue;
      auto splices = Everywhere(tree, in_a, b);
      for (Splice& splice : Everywhere(tree, in_b, a)) splices.push_back(std::move(splice));
      out.Edit(std::move(splices), truth ? 1.5 : 0.6);
    }
  }
}

void NameSwap(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  std::map<std::string_view, std::vector<NodeId>> names;
  std::set<std::string_view> values;
  for (const Atom& atom : site.ValuesAt(site.statement().node, 0)) values.insert(atom.text);
  for (NodeId id : site.nodes()) {
    if (tree[id].role == Role::kIdentifier && values.contains(site.Text(id)))
      names[site.Text(id)].push_back(id);
  }
  for (auto a = names.begin(); a != names.end(); ++a) {
    for (auto b = std::next(a); b != names.end(); ++b) {
      auto splices = Everywhere(tree, a->second, b->first);
      for (Splice& splice : Everywhere(tree, b->second, a->first))
        splices.push_back(std::move(splice));
      out.Edit(std::move(splices), 0.8);
    }
    if (a->second.size() < 2) continue;
    Kinds kinds = site.source().KindsOfName(a->first, a->second[0]);
    for (const Atom& atom : site.ValuesAt(site.statement().node, kinds)) {
      if (atom.attribute || atom.text == a->first) continue;
      out.Edit(Everywhere(tree, a->second, atom.text), 0.7 * atom.weight);
    }
  }
}

}  // namespace coditect::repair
