// Statements that are missing: guards, assignments, calls, `else`.
#include <algorithm>
#include <functional>

#include "src/repair/operators.h"
#include "src/repair/statement_text.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

constexpr size_t kGuardConditionsMax = 60;
constexpr size_t kResultsMax = 12;
constexpr size_t kDonorStatementsMax = 16;
constexpr size_t kGuardedStatementsMax = 24;

/// What the function returns, and what functions usually return early.
std::vector<Phrase> Results(const Site& site) {
  const SyntaxTree& tree = site.tree();
  std::vector<Phrase> out;
  auto add = [&](std::string_view text, double weight) {
    bool known =
        std::any_of(out.begin(), out.end(), [&](const Phrase& p) { return p.text == text; });
    if (!known && weight > 0 && out.size() < kResultsMax && text.size() < 60)
      out.push_back({std::string(text), kAtomLevel, weight});
  };
  NodeId function = site.FunctionNode();
  Kinds kinds = 0;
  for (NodeId id = function; id < tree[function].subtree_end; ++id) {
    if (tree[id].role != Role::kReturn) continue;
    auto parts = tree.Children(id);
    if (parts.empty()) continue;
    kinds |= site.source().KindsOf(parts[0]);
    bool literal = parts[0] + 4 >= tree[parts[0]].subtree_end;
    if (literal && site.NamesVisible(parts[0], site.statement().node))
      add(site.Text(parts[0]), 1.0);
  }
  const auto& say = site.spelling();
  const Kinds declared = site.source().ReturnKindsAt(site.statement().node);
  if (declared != 0) kinds = declared;
  auto typed = [&](Kinds kind) {
    if (declared != 0 && !Compatible(declared, kind)) return 0.0;
    return kinds == 0 ? 0.4 : (kinds & kind) != 0 ? 0.8 : 0.1;
  };
  add(say.false_literal, typed(analysis::kBool));
  add(say.true_literal, typed(analysis::kBool));
  add("0", typed(analysis::kInt));
  add("1", typed(analysis::kInt) * 0.6);
  if (!say.empty_list.empty()) add(say.empty_list, typed(analysis::kListKind));
  add(say.empty_text, typed(analysis::kText));
  add(say.null_literal, site.form().braces ? typed(analysis::kObject) * 0.5 : 0.4);
  for (const Atom& atom : site.ValuesAt(site.statement().node, kinds)) {
    if (!atom.attribute) add(atom.text, 0.5 * atom.weight);
  }
  return out;
}

bool First(const Site& site) {
  auto siblings = Siblings(site.tree(), site.statement().node);
  NodeId function = site.FunctionNode();
  if (function == 0 || siblings.empty()) return false;
  NodeId body = site.tree().Child(function, Field::kBody);
  if (site.tree()[site.statement().node].parent != body) return false;
  return siblings[0] == site.statement().node ||
         (siblings.size() > 1 && siblings[1] == site.statement().node &&
          !IsSimple(site.tree(), siblings[0]));
}

/// Inserts whole statements in front of the site's, and behind it where its block ends.
class Inserter {
 public:
  Inserter(const Site& site, Proposals& out) : site_(site), out_(out) {
    auto siblings = Siblings(site.tree(), site.statement().node);
    last_ = !siblings.empty() && siblings.back() == site.statement().node;
    Role role = site.role();
    ends_ = role == Role::kReturn || role == Role::kRaise || role == Role::kBreak ||
            role == Role::kContinue;
    start_ = site.tree()[site.statement().node].start;
    end_ = site.tree()[site.statement().node].end;
  }
  void Add(std::string_view statement, double factor) {
    if (site_.form().braces) return AddBraced(statement, factor);
    out_.Edit(start_, start_, StrCat(statement, "\n", site_.indent()), factor);
    if (last_ && !ends_) out_.Edit(end_, end_, StrCat("\n", site_.indent(), statement), factor);
  }

 private:
  /// A bare statement gets a block; on a line with others the new one does, too.
  void AddBraced(std::string_view statement, double factor) {
    std::string head = site_.own_line() ? StrCat("\n", site_.indent()) : " ";
    if (!site_.statement().bare) {
      out_.Edit(start_, start_, StrCat(statement, head), factor);
      if (last_ && !ends_) out_.Edit(end_, end_, StrCat(head, statement), factor);
      return;
    }
    out_.Edit({{start_, start_, StrCat("{ ", statement, head)}, {end_, end_, " }"}}, factor);
    if (!ends_)
      out_.Edit({{start_, start_, "{ "}, {end_, end_, StrCat(head, statement, " }")}}, factor);
  }

  const Site& site_;
  Proposals& out_;
  bool last_ = false, ends_ = false;
  uint32_t start_ = 0, end_ = 0;
};

bool CanInsert(const Site& site) {
  Role role = site.role();
  if (role == Role::kBlock) return false;
  return !site.statement().clause && (site.own_line() || site.form().braces) &&
         site.FunctionNode() != 0 && site.FunctionNode() != site.statement().node &&
         role != Role::kImport && role != Role::kImportFrom &&
         !(role == Role::kExpressionStatement && !IsSimple(site.tree(), site.statement().node));
}

/// `statement` with one of its names or arguments replaced.
void Variants(const Site& site, NodeId statement,
              const std::function<void(std::string, double)>& use) {
  const SyntaxTree& tree = site.tree();
  std::string_view text = site.Text(statement);
  uint32_t base = tree[statement].start;
  use(std::string(text), 0.8);
  auto replaced = [&](NodeId node, std::string_view by) {
    return StrCat(text.substr(0, tree[node].start - base), by, text.substr(tree[node].end - base));
  };
  for (NodeId id = statement; id < tree[statement].subtree_end; ++id) {
    if (tree[id].field == Field::kAttribute || tree[id].field == Field::kFunction) continue;
    bool argument = tree.RoleOf(tree[id].parent) == Role::kArguments;
    if (tree[id].role != Role::kIdentifier && !argument) continue;
    if (argument && tree[id].role == Role::kKeywordArgument) continue;
    Kinds kinds = tree[id].role == Role::kIdentifier ? site.source().KindsOfName(site.Text(id), id)
                                                     : site.source().KindsOf(id);
    for (const Atom& atom : site.ValuesAt(site.statement().node, kinds)) {
      if (atom.text != site.Text(id))
        use(replaced(id, atom.text), (argument ? 0.9 : 0.6) * atom.weight);
    }
    if (!argument) continue;
    for (const Atom& atom : site.ValuesAt(site.statement().node, analysis::kSequence)) {
      if (atom.kinds == 0) continue;
      const auto& say = site.spelling();
      for (std::string_view item : {say.last_item, say.first_item}) {
        if (!item.empty()) use(replaced(id, FillIn(item, {{'e', atom.text}})), 0.7 * atom.weight);
      }
    }
  }
}

}  // namespace

void GuardInsert(const Site& site, Proposals& out) {
  if (!CanInsert(site)) return;
  const auto& say = site.spelling();
  double place = First(site) ? 1.0 : 0.5;
  std::vector<Phrase> bodies;
  for (const Phrase& result : Results(site)) {
    bodies.push_back({FillIn(say.return_value, {{'e', result.text}}), kAtomLevel, result.weight});
  }
  if (site.InLoop()) {
    bodies.push_back({std::string(say.continue_statement), kAtomLevel, 0.9});
    bodies.push_back({std::string(say.break_statement), kAtomLevel, 0.7});
  }
  Inserter insert(site, out);
  size_t used = 0;
  for (const Phrase& condition : site.ConditionsAt(site.statement().node)) {
    if (used++ >= kGuardConditionsMax) break;
    for (const Phrase& body : bodies) {
      std::string text = FillIn(
          say.if_statement,
          {{'c', condition.text}, {'s', body.text}, {'i', site.indent()}, {'t', say.indent_step}});
      insert.Add(text, place * condition.weight * body.weight);
    }
  }
}

void GuardWrap(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  NodeId statement = site.statement().node;
  if (!CanInsert(site) || !IsSimple(tree, statement)) return;
  const auto& say = site.spelling();
  std::string step(say.indent_step);
  for (const Phrase& condition : site.ConditionsAt(statement)) {
    std::string inner = Shifted(site, statement, site.indent(), StrCat(site.indent(), step));
    std::string wrapped = FillIn(
        say.if_statement, {{'c', condition.text}, {'s', inner}, {'i', site.indent()}, {'t', step}});
    // A bare one needs a block, or an `else` behind it would be the new condition's.
    if (site.statement().bare) wrapped = StrCat("{ ", wrapped, " }");
    out.ReplaceToken(statement, wrapped, condition.weight);
  }
}

void StatementInsert(const Site& site, Proposals& out) {
  if (!CanInsert(site)) return;
  const SyntaxTree& tree = site.tree();
  NodeId function = site.FunctionNode();
  Inserter insert(site, out);
  size_t donors = 0;
  for (const Statement& donor : site.source().statements()) {
    if (!tree.IsBelow(donor.node, function) || donor.node == function) continue;
    if (tree[donor.node].role != Role::kExpressionStatement || !IsSimple(tree, donor.node))
      continue;
    if (tree[donor.node].end - tree[donor.node].start > 100 || ++donors > kDonorStatementsMax)
      continue;
    if (site.form().braces && !site.NamesVisible(donor.node, site.statement().node)) continue;
    Role kind = tree.RoleOf(tree.FirstChild(donor.node));
    double weight = kind == Role::kCall || kind == Role::kAugmentedAssignment ? 1.0 : 0.5;
    Variants(site, donor.node,
             [&](std::string text, double factor) { insert.Add(text, factor * weight); });
  }
}

void GuardedInsert(const Site& site, Proposals& out) {
  if (!site.form().braces || !CanInsert(site)) return;
  const SyntaxTree& tree = site.tree();
  std::vector<Phrase> statements;
  auto add = [&](std::string text, double weight) {
    bool known = std::any_of(statements.begin(), statements.end(),
                             [&](const Phrase& p) { return p.text == text; });
    if (!known) statements.push_back({std::move(text), kAtomLevel, weight});
  };
  NodeId function = site.FunctionNode();
  for (const Statement& donor : site.source().statements()) {
    if (!tree.IsBelow(donor.node, function) || donor.node == function) continue;
    if (tree[donor.node].role != Role::kExpressionStatement || !IsSimple(tree, donor.node))
      continue;
    if (tree[donor.node].end - tree[donor.node].start > 60) continue;
    if (!site.NamesVisible(donor.node, site.statement().node)) continue;
    Variants(site, donor.node, add);
  }
  for (const Atom& atom :
       site.ValuesAt(site.statement().node, analysis::kListKind | analysis::kText)) {
    for (std::string_view change : site.language().in_place) {
      if (atom.kinds != 0)
        add(FillIn(site.source().Written(change), {{'n', atom.text}}), 0.6 * atom.weight);
    }
  }
  std::stable_sort(statements.begin(), statements.end(),
                   [](const Phrase& a, const Phrase& b) { return a.weight > b.weight; });
  if (statements.size() > kGuardedStatementsMax) statements.resize(kGuardedStatementsMax);
  const auto& say = site.spelling();
  Inserter insert(site, out);
  size_t used = 0;
  for (const Phrase& condition : site.ConditionsAt(site.statement().node)) {
    if (used++ >= kGuardConditionsMax) break;
    for (const Phrase& statement : statements) {
      insert.Add(FillIn(say.if_statement, {{'c', condition.text},
                                           {'s', statement.text},
                                           {'i', site.indent()},
                                           {'t', say.indent_step}}),
                 condition.weight * statement.weight);
    }
  }
}

void AssignmentInsert(const Site& site, Proposals& out) {
  if (!CanInsert(site)) return;
  const auto& say = site.spelling();
  Inserter insert(site, out);
  auto assign = [&](std::string_view name, std::string_view value, double factor) {
    insert.Add(FillIn(say.assignment, {{'n', name}, {'e', value}}), factor);
  };
  auto atoms = site.ValuesAt(site.statement().node, 0);
  if (atoms.size() > 10) atoms.resize(10);
  for (const Atom& atom : atoms) {
    if (atom.origin == analysis::NameOrigin::kGlobal) continue;
    double known = atom.kinds == 0 ? 0.5 : 1.0;
    if (Compatible(atom.kinds, analysis::kNumber)) {
      insert.Add(FillIn(say.increment, {{'n', atom.text}}), 0.9 * known * atom.weight);
      insert.Add(FillIn(say.decrement, {{'n', atom.text}}), 0.7 * known * atom.weight);
      for (std::string_view value : {"0", "1"}) assign(atom.text, value, 0.6 * known * atom.weight);
    }
    for (const analysis::KnownCall& call : site.language().calls) {
      if (call.prior == 0 || call.subject == 0 || atom.kinds == 0 ||
          !Compatible(atom.kinds, call.subject))
        continue;
      Kinds result = call.result == 0 ? atom.kinds : call.result;
      if (!Compatible(result, atom.kinds)) continue;
      assign(atom.text,
             call.method ? StrCat(atom.text, ".", call.name, "()")
                         : StrCat(site.source().Written(call.name), "(", atom.text, ")"),
             0.7 * call.prior * atom.weight);
    }
    const Kinds changed =
        site.form().braces ? analysis::kListKind | analysis::kText : Kinds{analysis::kListKind};
    if ((atom.kinds & changed) != 0) {
      for (std::string_view change : site.language().in_place) {
        insert.Add(FillIn(site.source().Written(change), {{'n', atom.text}}), 0.4 * atom.weight);
      }
      if (!say.empty_list.empty()) assign(atom.text, say.empty_list, 0.4 * atom.weight);
    }
    if ((atom.kinds & analysis::kBool) != 0) {
      assign(atom.text, say.true_literal, 0.5 * atom.weight);
      assign(atom.text, say.false_literal, 0.5 * atom.weight);
    }
    for (const Atom& other : atoms) {
      if (other.text == atom.text || !Compatible(atom.kinds, other.kinds)) continue;
      double both = atom.kinds != 0 && other.kinds != 0 ? 1.0 : 0.4;
      assign(atom.text, other.text, 0.5 * both * atom.weight * other.weight);
      if ((atom.kinds & other.kinds & analysis::kNumber) != 0) {
        insert.Add(FillIn(say.add_to, {{'n', atom.text}, {'e', other.text}}),
                   0.4 * atom.weight * other.weight);
      }
    }
  }
}

void ElseInsert(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const Statement& own = site.statement();
  if ((site.role() != Role::kIf && site.role() != Role::kElif) || own.body == kNoNode) return;
  NodeId whole = own.node;
  if (site.role() == Role::kElif) whole = tree[own.node].parent;
  if (tree.Child(whole, Role::kElse) != kNoNode) return;
  auto body = analysis::StatementsIn(tree, own.body);
  if (body.empty()) return;
  if (!site.form().braces && tree[own.body].line == tree[own.node].line) return;
  std::string_view indent = IndentAt(tree, whole);
  uint32_t end = tree[whole].end;
  auto add = [&](std::string_view statement, double factor) {
    out.Edit(end, end,
             FillIn(site.spelling().else_clause,
                    {{'i', indent}, {'t', site.spelling().indent_step}, {'s', statement}}),
             factor);
  };
  for (NodeId statement : body) {
    if (!IsSimple(tree, statement) || tree[statement].end - tree[statement].start > 100) continue;
    Variants(site, statement, [&](std::string text, double factor) {
      add(text, factor);
      for (auto [from, to] :
           {std::pair("+=", "-="), std::pair("-=", "+="), std::pair("++", "--"),
            std::pair("--", "++"), std::pair("True", "False"), std::pair("False", "True"),
            std::pair("true", "false"), std::pair("false", "true")}) {
        if (size_t at = text.find(from); at != std::string::npos) {
          std::string turned = text;
          turned.replace(at, std::string_view(from).size(), to);
          add(turned, factor * 0.8);
        }
      }
    });
  }
  for (const Phrase& result : Results(site)) {
    add(FillIn(site.spelling().return_value, {{'e', result.text}}), 0.4 * result.weight);
  }
}

}  // namespace coditect::repair
