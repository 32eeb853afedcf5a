// Operators on calls, arguments, elements and slices.
#include <algorithm>
#include <set>

#include "src/base/strings.h"
#include "src/repair/declared_names.h"
#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

std::vector<NodeId> Arguments(const SyntaxTree& tree, NodeId call) {
  NodeId list = tree.Child(call, Field::kArguments);
  if (list == kNoNode || tree[list].role != Role::kArguments) return {};
  return tree.Children(list);
}

void SwapNodes(const Site& site, NodeId a, NodeId b, double factor, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  if (site.Text(a) == site.Text(b)) return;
  std::string first = Fit(site.Text(b), LevelOf(tree, b), LevelNeeded(tree, a));
  std::string second = Fit(site.Text(a), LevelOf(tree, a), LevelNeeded(tree, b));
  out.Edit({{tree[a].start, tree[a].end, first}, {tree[b].start, tree[b].end, second}}, factor);
}

void SwapAll(const Site& site, const std::vector<NodeId>& items, double factor, Proposals& out) {
  constexpr size_t kItemsMax = 6;
  for (size_t i = 0; i < items.size() && i < kItemsMax; ++i) {
    for (size_t j = i + 1; j < items.size() && j < kItemsMax; ++j) {
      SwapNodes(site, items[i], items[j], factor / (j - i), out);
    }
  }
}

/// Bytes of an item of a list together with one comma.
Splice WithoutItem(const SyntaxTree& tree, const std::vector<NodeId>& items, size_t i) {
  uint32_t start = i > 0 ? tree[items[i - 1]].end : tree[items[i]].start;
  uint32_t end = i > 0 || i + 1 == items.size() ? tree[items[i]].end : tree[items[i + 1]].start;
  return {start, end, ""};
}

bool InFamily(analysis::Words family, std::string_view name) {
  return std::find(family.begin(), family.end(), name) != family.end();
}

/// Names that are no functions of ours but are called elsewhere in the function with `arity`
/// arguments: parameters and locals like `add = parts.append`.
std::vector<Atom> CalledNames(const Site& site, NodeId at, size_t arity) {
  const SyntaxTree& tree = site.tree();
  std::set<std::string_view> called;
  NodeId function = site.FunctionNode();
  for (NodeId id = function; id < tree[function].subtree_end; ++id) {
    if (tree[id].role != Role::kIdentifier || tree[id].field != Field::kFunction) continue;
    if (Arguments(tree, tree[id].parent).size() == arity) called.insert(site.Text(id));
  }
  std::vector<Atom> out;
  for (const Atom& atom : site.AtomsAt(at)) {
    if (atom.origin != analysis::NameOrigin::kFunction && called.contains(atom.text))
      out.push_back(atom);
  }
  return out;
}

/// Functions that headers declare, for one they declare or the file defines; of a method: the
/// others of a class that has one of its name.
void CallDeclared(const Site& site, NodeId id, std::string_view prefix, std::string_view name,
                  Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const bool method = tree[id].field == Field::kAttribute;
  const NodeId call = method ? tree[tree[id].parent].parent : tree[id].parent;
  const size_t arity = Arguments(tree, call).size();
  std::set<std::string_view> owners;
  for (const DeclaredFunction& one : site.source().declared().functions) {
    if (one.name == name && (method || one.owner.empty())) owners.insert(one.owner);
  }
  for (const DeclaredFunction& one : site.source().declared().functions) {
    if (one.name == name || !owners.contains(one.owner) || (method && one.owner.empty())) continue;
    if (arity < one.required || arity > one.most) continue;
    out.ReplaceToken(id, StrCat(prefix, one.name), 0.1 + 0.4 * Likeness(one.name, name));
  }
}

}  // namespace

void CallSibling(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    bool method = tree[id].field == Field::kAttribute;
    bool function = tree[id].role == Role::kIdentifier && !method;
    if (!method && !function) continue;
    std::string_view name = site.Text(id);
    std::string_view prefix;  // "std::"
    if (size_t at = name.rfind("::"); at != std::string_view::npos) {
      prefix = name.substr(0, at + 2);
      name = name.substr(at + 2);
    }
    double called =
        tree[id].field == Field::kFunction || tree[tree[id].parent].field == Field::kFunction
            ? 1.0
            : 0.4;  // passed as a value, as in `map(min, rows)`
    auto families = method ? site.language().method_families : site.language().call_families;
    for (analysis::Words family : families) {
      if (!InFamily(family, name)) continue;
      for (std::string_view to : family) {
        if (to != name)
          out.ReplaceToken(id, StrCat(prefix, to), called / (1 + 0.08 * family.size()));
      }
    }
    if (called == 1.0) CallDeclared(site, id, prefix, name, out);
    if (!function || tree[id].field != Field::kFunction) continue;
    size_t arity = Arguments(tree, tree[id].parent).size();
    for (const auto& others : {site.FunctionsAt(id, arity), CalledNames(site, id, arity)}) {
      for (const Atom& other : others) {
        if (other.text != name) out.ReplaceToken(id, other.text, 0.7 * other.weight);
      }
    }
  }
}

void CallUnwrap(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    const Kinds expected = site.Expected(id);
    auto fits = [&](NodeId part) { return Compatible(site.source().KindsOf(part), expected); };
    if (tree[id].role == Role::kCall) {
      NodeId callee = tree.Child(id, Field::kFunction);
      if (callee == kNoNode) continue;
      if (tree[callee].role == Role::kAttribute) {
        NodeId object = tree.Child(callee, Field::kObject);
        if (object != kNoNode && fits(object))
          out.Replace(id, site.Text(object), 0.9, LevelOf(tree, object));
      }
      double factor = 1.0;
      for (NodeId argument : Arguments(tree, id)) {
        if (tree[argument].role == Role::kKeywordArgument || !fits(argument)) continue;
        out.Replace(id, site.Text(argument), factor, LevelOf(tree, argument));
        factor *= 0.6;
      }
    } else if (tree[id].role == Role::kSubscript) {
      NodeId value = tree.Child(id, Field::kValue);
      if (value != kNoNode && fits(value))
        out.Replace(id, site.Text(value), 0.6, LevelOf(tree, value));
    } else if (tree[id].role == Role::kCast) {
      NodeId value = tree.Child(id, Field::kValue);
      if (value != kNoNode) out.Replace(id, site.Text(value), 0.6, LevelOf(tree, value));
    } else if (tree[id].role == Role::kConditional) {
      for (NodeId part : tree.Children(id)) {
        out.Replace(id, site.Text(part), 0.5, LevelOf(tree, part));
      }
    } else if (tree[id].role == Role::kList || tree[id].role == Role::kTuple) {
      auto items = tree.Children(id);
      if (items.size() == 1) out.Replace(id, site.Text(items[0]), 0.4, LevelOf(tree, items[0]));
    }
  }
}

void CallArguments(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    Role role = tree[id].role;
    if (role != Role::kCall && role != Role::kList && role != Role::kTuple) continue;
    std::vector<NodeId> items = role == Role::kCall ? Arguments(tree, id) : tree.Children(id);
    for (size_t i = 0; i < items.size() && items.size() > (role == Role::kCall ? 0 : 1); ++i) {
      double factor = tree[items[i]].role == Role::kKeywordArgument ? 0.7 : 0.4;
      Splice splice = WithoutItem(tree, items, i);
      out.Edit(splice.start, splice.end, "", role == Role::kCall ? factor : 0.2);
    }
    if (role != Role::kCall) continue;
    NodeId list = tree.Child(id, Field::kArguments);
    if (list == kNoNode || tree[list].role != Role::kArguments) continue;
    uint32_t end = tree[list].end - 1;
    NodeId callee = tree.Child(id, Field::kFunction);
    std::string_view name = callee == kNoNode ? "" : site.Text(callee);
    std::string_view comma = items.empty() ? "" : ", ";
    if (IsOneOf(site.language().sort_functions, name)) {
      for (analysis::Words family : site.language().keyword_families) {
        out.Edit(end, end, StrCat(comma, family.front()), 0.8);
      }
    }
    for (const Atom& atom : site.ValuesAt(id, 0)) {
      if (atom.weight < 0.5 || items.size() > 3) continue;
      out.Edit(end, end, StrCat(comma, atom.text), 0.25 * atom.weight);
    }
    for (std::string_view number : {"1", "0", "2", "-1"}) {
      if (!items.empty() && items.size() < 3) out.Edit(end, end, StrCat(comma, number), 0.15);
    }
    if (items.empty()) continue;
    uint32_t start = tree[items[0]].start;
    if (IsOneOf(site.language().range_functions, name)) {
      for (std::string_view first : {"1, ", "2, "}) out.Edit(start, start, first, 0.8);
    }
  }
}

void OrderArguments(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    if (tree[id].role != Role::kCall) continue;
    std::vector<NodeId> items;
    for (NodeId argument : Arguments(tree, id)) {
      if (tree[argument].role != Role::kKeywordArgument) items.push_back(argument);
    }
    SwapAll(site, items, 1.0, out);
    // The receiver and the argument: `a.startswith(b)` for `b.startswith(a)`.
    NodeId callee = tree.Child(id, Field::kFunction);
    if (callee == kNoNode || tree[callee].role != Role::kAttribute || items.empty()) continue;
    NodeId object = tree.Child(callee, Field::kObject);
    if (object != kNoNode) SwapNodes(site, object, items[0], 0.5, out);
  }
}

void OrderOperands(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    Role role = tree[id].role;
    if (role == Role::kBinary) {
      NodeId left = tree.Child(id, Field::kLeft);
      NodeId right = tree.Child(id, Field::kRight);
      NodeId op = tree.Child(id, Field::kOperator);
      if (left == kNoNode || right == kNoNode || op == kNoNode) continue;
      std::string_view sign = site.Text(op);
      bool number = (site.source().KindsOf(id) & analysis::kNumber) != 0;
      if (number && (sign == "+" || sign == "*" || sign == "&" || sign == "|" || sign == "^"))
        continue;
      SwapNodes(site, left, right, sign == "+" || sign == "*" ? 0.5 : 1.0, out);
    } else if (role == Role::kCompare) {
      auto parts = tree.Children(id);
      NodeId op = tree.Child(id, Field::kOperator);
      if (parts.size() != 2 || op == kNoNode) continue;
      bool membership = site.Text(op) == site.spelling().contains ||
                        site.Text(op) == site.spelling().contains_not;
      if (membership) SwapNodes(site, parts[0], parts[1], 1.2, out);
    } else if (role == Role::kBoolean) {
      NodeId left = tree.Child(id, Field::kLeft);
      NodeId right = tree.Child(id, Field::kRight);
      if (left != kNoNode && right != kNoNode) SwapNodes(site, left, right, 0.4, out);
    } else if (role == Role::kConditional) {
      ConditionalParts parts = PartsOf(tree, id);
      if (parts.yes != kNoNode && parts.no != kNoNode)
        SwapNodes(site, parts.yes, parts.no, 1.0, out);
    }
  }
}

void OrderElements(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    switch (tree[id].role) {
      case Role::kTuple:
      case Role::kExpressionList:
      case Role::kPatternList:
        SwapAll(site, tree.Children(id), 1.0, out);
        break;
      case Role::kList: {
        auto items = tree.Children(id);
        if (items.size() <= 4) SwapAll(site, items, 0.5, out);
        break;
      }
      case Role::kPair: {
        NodeId key = tree.Child(id, Field::kKey);
        NodeId value = tree.Child(id, Field::kValue);
        if (key != kNoNode && value != kNoNode) SwapNodes(site, key, value, 0.6, out);
        break;
      }
      case Role::kSubscript: {
        NodeId index = tree.Child(id, Field::kSubscript);
        NodeId value = tree.Child(id, Field::kValue);
        if (index == kNoNode || value == kNoNode) break;
        if (tree[value].role == Role::kSubscript) {
          NodeId inner = tree.Child(value, Field::kSubscript);
          if (inner != kNoNode) SwapNodes(site, inner, index, 1.0, out);
        }
        if (tree[value].role == Role::kIdentifier && tree[index].role == Role::kIdentifier) {
          SwapNodes(site, value, index, 0.4, out);
        }
        break;
      }
      default:
        break;
    }
  }
}

void SliceChange(const Site& site, Proposals& out) {
  if (!site.form().slices) return;
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    if (tree[id].role == Role::kSlice) {
      std::array<std::string, 3> parts;
      size_t at = 0;
      for (NodeId child : tree.Children(id, true)) {
        if (site.Text(child) == ":" && at < 2) {
          ++at;
        } else if (tree[child].role != Role::kComment) {
          parts[at] = site.Text(child);
        }
      }
      auto add = [&](const std::string& a, const std::string& b, const std::string& c,
                     double factor) {
        out.ReplaceToken(id, StrCat(a, ":", b, c.empty() ? "" : ":", c), factor);
      };
      const auto& [start, stop, step] = parts;
      add(stop, start, step, 1.0);
      add("", stop, step, 0.7);
      add(start, "", step, 0.7);
      add(start, stop, "", 0.6);
      if (step.empty()) {
        add(start, stop, "-1", 0.4);
        add(start, stop, "2", 0.3);
      } else {
        add(start, stop, StrCat("-", step), 0.5);
      }
      if (start.empty()) {
        add("1", stop, step, 0.7);
        add("0", stop, step, 0.0);
      }
      if (stop.empty()) add(start, "-1", step, 0.6);
      if (!start.empty() && stop.empty()) add(StrCat("-", start), stop, step, 0.4);
      if (start.empty() && !stop.empty() && stop[0] != '-') add("", StrCat("-", stop), step, 0.4);
    } else if (tree[id].role == Role::kSubscript) {
      NodeId index = tree.Child(id, Field::kSubscript);
      if (index == kNoNode || tree[index].role == Role::kSlice) continue;
      out.ReplaceToken(index, StrCat(site.Text(index), ":"), 0.4);
      out.ReplaceToken(index, StrCat(":", site.Text(index)), 0.4);
    }
  }
}

void GeneratorDelegate(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    if (tree[id].role == Role::kAwait) continue;
    if (tree[id].role != Role::kYield) continue;
    auto parts = tree.Children(id);
    if (parts.empty()) continue;
    std::string_view text = site.Text(id);
    const auto& say = site.spelling();
    bool delegates = text.starts_with(say.delegate_keyword);
    out.Edit(tree[id].start, tree[parts[0]].start,
             delegates ? say.yield_keyword : say.delegate_keyword, 1.0);
  }
}

}  // namespace coditect::repair
