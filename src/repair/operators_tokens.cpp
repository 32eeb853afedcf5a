// Operators on operators: comparison, arithmetic, logic, precedence, order of operands.
#include <algorithm>

#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

bool Contains(analysis::Words words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// How likely `to` was meant where `from` stands.
double CompareFactor(std::string_view from, std::string_view to) {
  auto edge = [](std::string_view op) { return op.substr(0, 1); };
  if (edge(from) == edge(to) && from.size() != to.size() && from[0] != '=' && from[0] != '!') {
    return 1.0;  // `<` for `<=`
  }
  bool equality = from == "==" || from == "!=";
  if (equality && (to == "==" || to == "!=")) return 1.0;
  if (!equality && to != "==" && to != "!=") return from.size() == to.size() ? 0.9 : 0.6;
  return 0.45;
}

struct Pair {
  std::string_view from, to;
  double factor;
};
constexpr Pair kArithmeticPairs[] = {
    {"+", "-", 1.0},  {"-", "+", 1.0},  {"*", "/", 0.7}, {"*", "**", 0.8},  {"*", "+", 0.8},
    {"/", "//", 1.0}, {"//", "/", 1.0}, {"/", "*", 0.8}, {"%", "//", 0.9},  {"//", "%", 0.9},
    {"%", "/", 0.6},  {"**", "*", 0.9}, {"+", "*", 0.6}, {"<<", ">>", 1.0}, {">>", "<<", 1.0},
    {"&", "|", 1.0},  {"|", "&", 1.0},  {"^", "&", 1.0}, {"^", "|", 0.9},   {"&", "^", 0.9},
    {"|", "^", 0.8},  {"^", "**", 0.7}, {"-", "*", 0.4}, {"*", "%", 0.5},   {"//", "*", 0.4},
};

double ArithmeticFactor(std::string_view from, std::string_view to) {
  for (const Pair& pair : kArithmeticPairs) {
    if (pair.from == from && pair.to == to) return pair.factor;
  }
  return 0.25;
}

}  // namespace

void CompareOperator(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const auto& say = site.spelling();
  const std::array<std::string_view, 2> membership = {say.contains, say.contains_not};
  const std::array<std::string_view, 2> identity = {say.identical, say.identical_not};
  for (NodeId id : site.nodes()) {
    if (tree[id].field != Field::kOperator || tree.RoleOf(tree[id].parent) != Role::kCompare)
      continue;
    std::string_view op = site.Text(id);
    if (Contains(site.language().compare_operators, op)) {
      for (std::string_view to : site.language().compare_operators) {
        if (to != op) out.ReplaceToken(id, to, CompareFactor(op, to));
      }
      if (say.contains.empty()) continue;
      if (op == say.equal) out.ReplaceToken(id, say.contains, 0.25);
      if (op == say.not_equal) out.ReplaceToken(id, say.contains_not, 0.25);
    }
    for (const auto& pair : {membership, identity}) {
      if (op == pair[0]) out.ReplaceToken(id, pair[1], 1.0);
      if (op == pair[1]) out.ReplaceToken(id, pair[0], 1.0);
    }
    if (op == membership[0] || op == identity[0]) out.ReplaceToken(id, say.equal, 0.4);
    if (op == membership[1] || op == identity[1]) out.ReplaceToken(id, say.not_equal, 0.4);
  }
}

void ArithmeticOperator(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    if (tree[id].field != Field::kOperator) continue;
    Role parent = tree.RoleOf(tree[id].parent);
    bool augmented = parent == Role::kAugmentedAssignment;
    if (parent == Role::kUpdate) out.ReplaceToken(id, site.Text(id) == "++" ? "--" : "++", 1.0);
    if (parent != Role::kBinary && !augmented) continue;
    std::string_view op = site.Text(id);
    if (augmented) op.remove_suffix(1);
    Kinds kinds = augmented ? 0 : site.source().KindsOf(tree[id].parent);
    bool text = kinds != 0 && (kinds & analysis::kNumber) == 0;
    bool bits = Contains(site.language().bit_operators, op);
    for (analysis::Words words :
         {site.language().arithmetic_operators, site.language().bit_operators}) {
      for (std::string_view to : words) {
        bool to_bits = Contains(site.language().bit_operators, to);
        double factor =
            ArithmeticFactor(op, to) * (bits != to_bits ? 0.3 : 1.0) * (text ? 0.4 : 1.0);
        if (to != op) out.ReplaceToken(id, StrCat(to, augmented ? "=" : ""), factor);
      }
    }
  }
}

void AssignmentKind(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    Role role = tree[id].role;
    if (role == Role::kAugmentedAssignment) {
      NodeId op = tree.Child(id, Field::kOperator);
      if (op != kNoNode) out.ReplaceToken(op, "=", 0.8);
    }
    if (role == Role::kUpdate) {  // by one where by two was meant
      NodeId target = tree.Child(id, Field::kArgument);
      NodeId op = tree.Child(id, Field::kOperator);
      if (target == kNoNode || op == kNoNode) continue;
      std::string head = StrCat(site.Text(target), " ", site.Text(op).substr(0, 1), "= ");
      out.ReplaceToken(id, StrCat(head, "2"), 0.5);
      for (const Atom& atom : site.ValuesAt(id, analysis::kInt)) {
        if (atom.kinds != 0 && atom.text != site.Text(target))
          out.ReplaceToken(id, StrCat(head, atom.text), 0.3 * atom.weight);
      }
    }
    if (role != Role::kAssignment || tree.RoleOf(tree[id].parent) == Role::kDeclaration) continue;
    NodeId left = tree.Child(id, Field::kLeft);
    NodeId right = tree.Child(id, Field::kRight);
    if (left == kNoNode || right == kNoNode || tree[left].role == Role::kPatternList) continue;
    if (tree.Child(id, Field::kType) != kNoNode) continue;
    for (std::string_view op : {" += ", " -= ", " *= "}) {
      out.Edit(tree[left].end, tree[right].start, op, op == " += " ? 0.9 : 0.4);
    }
  }
}

void LogicalOperator(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const auto& say = site.spelling();
  auto turned = [&](NodeId op) {
    if (site.Text(op) == "and") return std::string_view("or");
    if (site.Text(op) == "or") return std::string_view("and");
    return site.Text(op) == say.logical_and ? say.logical_or : say.logical_and;
  };
  for (NodeId id : site.nodes()) {
    if (tree[id].field != Field::kOperator || tree.RoleOf(tree[id].parent) != Role::kBoolean)
      continue;
    out.ReplaceToken(id, turned(id), 1.0);
  }
  // All of a chain at once: `a and b and c`.
  for (NodeId id : site.nodes()) {
    if (tree[id].role != Role::kBoolean || tree.RoleOf(tree[id].parent) == Role::kBoolean) continue;
    std::vector<Splice> splices;
    for (NodeId at = id; at < tree[id].subtree_end; ++at) {
      if (tree[at].field != Field::kOperator || tree.RoleOf(tree[at].parent) != Role::kBoolean)
        continue;
      splices.push_back({tree[at].start, tree[at].end, std::string(turned(at))});
    }
    if (splices.size() > 1) out.Edit(std::move(splices), 0.9);
  }
}

void LogicalNegate(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    if (tree[id].role == Role::kNot) {
      NodeId inner = tree.Child(id, Field::kArgument);
      if (inner != kNoNode) out.Replace(id, site.Text(inner), 1.0, LevelOf(tree, inner));
      continue;
    }
    Role parent = tree.RoleOf(tree[id].parent);
    bool condition = tree[id].field == Field::kCondition || parent == Role::kBoolean ||
                     parent == Role::kComprehensionIf || parent == Role::kAssert;
    if (parent == Role::kConditional) condition = PartsOf(tree, tree[id].parent).condition == id;
    bool result = parent == Role::kReturn && Compatible(site.source().KindsOf(id), analysis::kBool);
    if (!condition && !result) continue;
    double factor = tree[id].role == Role::kCompare ? 0.3 : condition ? 1.0 : 0.4;
    Phrase negated = Negated(site.language(), site.Text(id), LevelOf(tree, id));
    out.Replace(id, negated.text, factor, negated.level);
  }
}

void UnaryOperator(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    if (tree[id].role == Role::kUnary) {
      NodeId inner = tree.Child(id, Field::kArgument);
      if (inner != kNoNode) out.Replace(id, site.Text(inner), 1.0, LevelOf(tree, inner));
      continue;
    }
    if (!Compatible(site.source().KindsOf(id), analysis::kNumber)) continue;
    Role role = tree[id].role;
    Role parent = tree.RoleOf(tree[id].parent);
    bool literal = role == Role::kInteger || role == Role::kFloat;
    if (parent == Role::kUnary || parent == Role::kAttribute || (role == Role::kString)) continue;
    if (parent == Role::kUpdate || parent == Role::kCast || role == Role::kCharacter) continue;
    if (parent == Role::kCall || role == Role::kTrue || role == Role::kFalse || role == Role::kNull)
      continue;
    double factor =
        (parent == Role::kReturn || parent == Role::kSubscript ? 0.6 : 0.3) * (literal ? 0.5 : 1.0);
    out.Replace(id, StrCat("-", Fit(site.Text(id), LevelOf(tree, id), kAtomLevel)), factor,
                kUnaryLevel);
  }
}

void ExpressionDrop(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    Role role = tree[id].role;
    if (role != Role::kBinary && role != Role::kBoolean) continue;
    NodeId left = tree.Child(id, Field::kLeft);
    NodeId right = tree.Child(id, Field::kRight);
    NodeId op = tree.Child(id, Field::kOperator);
    if (left == kNoNode || right == kNoNode || op == kNoNode) continue;
    out.Replace(id, site.Text(left), 1.0, LevelOf(tree, left));
    out.Replace(id, site.Text(right), 0.9, LevelOf(tree, right));
    // Deeper: `a + b + c + d` to `a + b`, and `(a op b) op c` to `a op c`.
    NodeId inner = left;
    for (int depth = 0; depth < 3 && tree.RoleOf(inner) == role; ++depth) {
      NodeId first = tree.Child(inner, Field::kLeft);
      NodeId second = tree.Child(inner, Field::kRight);
      if (first == kNoNode || second == kNoNode) break;
      out.Edit(tree[second].start, tree[right].start, "", 0.7);
      out.Replace(id, site.Text(first), 0.6, LevelOf(tree, first));
      inner = first;
    }
  }
}

void PrecedenceGroup(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    Role role = tree[id].role;
    if (role == Role::kParenthesized) {
      auto parts = tree.Children(id);
      Role parent = tree.RoleOf(tree[id].parent);
      bool matters = parent == Role::kBinary || parent == Role::kBoolean ||
                     parent == Role::kUnary || parent == Role::kNot || parent == Role::kCompare;
      if (matters && parts.size() == 1) out.ReplaceToken(id, site.Text(parts[0]), 0.7);
      continue;
    }
    if (role != Role::kBinary && role != Role::kBoolean && role != Role::kCompare) continue;
    NodeId left = tree.Child(id, Field::kLeft);
    NodeId right = tree.Child(id, Field::kRight);
    if (left == kNoNode || right == kNoNode) continue;
    if (tree[right].role == role || tree[right].role == Role::kCompare) {
      if (NodeId head = tree.Child(right, Field::kLeft); head != kNoNode) {
        out.Edit({{tree[left].start, tree[left].start, "("}, {tree[head].end, tree[head].end, ")"}},
                 0.9);
      }
    }
    if (tree[left].role == role || tree[left].role == Role::kUnary ||
        tree[left].role == Role::kNot) {
      NodeId tail = tree.Child(left, tree[left].role == role ? Field::kRight : Field::kArgument);
      if (tail != kNoNode) {
        out.Edit(
            {{tree[tail].start, tree[tail].start, "("}, {tree[right].end, tree[right].end, ")"}},
            0.9);
      }
    }
  }
}

}  // namespace coditect::repair
