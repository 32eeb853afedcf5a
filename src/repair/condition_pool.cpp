// Conditions that might be meant at a point: those of the function and the file, and simple ones
// made of the names in scope.
#include <algorithm>

#include "src/repair/operator.h"

namespace coditect::repair {
namespace {

using analysis::SyntaxTree;

constexpr size_t kConditionsMax = 260;
constexpr size_t kConditionAtomsMax = 9;
constexpr size_t kElementsMax = 4;

class Pool {
 public:
  void Add(std::string text, Level level, double weight) {
    if (text.size() > 160 || !seen_.insert(text).second) return;
    phrases_.push_back({std::move(text), level, weight});
  }
  std::vector<Phrase> Take() {
    std::stable_sort(phrases_.begin(), phrases_.end(),
                     [](const Phrase& a, const Phrase& b) { return a.weight > b.weight; });
    if (phrases_.size() > kConditionsMax) phrases_.resize(kConditionsMax);
    return std::move(phrases_);
  }

 private:
  std::set<std::string> seen_;
  std::vector<Phrase> phrases_;
};

void AddExisting(const Site& site, NodeId at, Pool* pool) {
  const SyntaxTree& tree = site.tree();
  NodeId function = site.FunctionNode();
  for (NodeId id = 0; id < tree.size(); ++id) {
    Role role = tree[id].role;
    if (role != Role::kCompare && role != Role::kBoolean && role != Role::kNot) continue;
    if (tree[id].end - tree[id].start > 120 || tree.IsBelow(at, id)) continue;
    bool near = tree.IsBelow(id, function);
    if (function != 0 && !near && tree[id].end - tree[id].start > 40) continue;
    if (!site.NamesVisible(id, at)) continue;
    double weight = near ? 0.7 : 0.12;
    pool->Add(std::string(site.Text(id)), LevelOf(tree, id), weight);
    Phrase negated = Negated(site.language(), site.Text(id), LevelOf(tree, id));
    if (role != Role::kNot) pool->Add(std::move(negated.text), negated.level, weight * 0.5);
  }
}

void AddUnary(const Site& site, const Atom& a, Pool* pool) {
  const auto& say = site.spelling();
  constexpr Kinds kNotTested = analysis::kCallable;
  if (a.kinds == kNotTested) return;
  // Where types are declared, a list or a text is no condition.
  if (!site.form().braces || (a.kinds & analysis::kCollection) == 0) {
    Phrase negated = Negated(site.language(), a.text, kAtomLevel);
    pool->Add(a.text, kAtomLevel, 0.35 * a.weight);
    pool->Add(std::move(negated.text), negated.level, 0.4 * a.weight);
  }
  if ((a.kinds & analysis::kNumber) != 0 || a.kinds == 0) {
    double known = a.kinds == 0 ? 0.5 : 1.0;
    for (std::string_view op : {"==", "<", ">", "<=", ">=", "!="}) {
      pool->Add(StrCat(a.text, " ", op, " 0"), kCompareLevel, 0.5 * known * a.weight);
      pool->Add(StrCat(a.text, " ", op, " 1"), kCompareLevel, 0.3 * known * a.weight);
    }
    if ((a.kinds & analysis::kReal) == 0) {
      pool->Add(StrCat(a.text, " % 2 == 0"), kCompareLevel, 0.4 * known * a.weight);
      pool->Add(StrCat(a.text, " % 2 != 0"), kCompareLevel, 0.4 * known * a.weight);
    }
    for (const Phrase& number : site.Integers()) {
      pool->Add(StrCat(a.text, " == ", number.text), kCompareLevel, 0.2 * number.weight * a.weight);
      pool->Add(StrCat(a.text, " % ", number.text, " == 0"), kCompareLevel,
                0.2 * number.weight * a.weight);
      pool->Add(StrCat(a.text, " < ", number.text), kCompareLevel, 0.1 * number.weight * a.weight);
      pool->Add(StrCat(a.text, " > ", number.text), kCompareLevel, 0.1 * number.weight * a.weight);
    }
  }
  if ((a.kinds & analysis::kCollection) != 0) {
    for (std::string_view tail : {" == 0", " == 1", " < 2", " > 1", " > 0"}) {
      pool->Add(StrCat(FillIn(say.length, {{'e', a.text}}), tail), kCompareLevel, 0.25 * a.weight);
    }
  }
  if (say.identical.empty()) return;
  if ((a.kinds & analysis::kNone) != 0 || a.kinds == 0 || (a.kinds & analysis::kObject) != 0) {
    pool->Add(StrCat(a.text, " ", say.identical, " ", say.null_literal), kCompareLevel,
              0.25 * a.weight);
    pool->Add(StrCat(a.text, " ", say.identical_not, " ", say.null_literal), kCompareLevel,
              0.25 * a.weight);
  }
}

/// `a` in `b` where that is a call.
void AddMembership(const Site& site, const Atom& a, const Atom& b, Pool* pool) {
  const auto& say = site.spelling();
  double weight = 0.45 * a.weight * b.weight;
  if ((a.kinds & (analysis::kListKind | analysis::kSetKind | analysis::kDictKind)) != 0) return;
  auto add = [&](std::string_view pattern, bool compares) {
    if (pattern.empty()) return;
    std::string text = FillIn(site.source().Written(pattern), {{'e', b.text}, {'k', a.text}});
    Level level = compares ? kCompareLevel : kAtomLevel;
    Phrase negated = Negated(site.language(), text, level);
    if (compares) {
      if (size_t at = text.rfind("!="); at != std::string::npos) {
        negated = {text, kCompareLevel};
        negated.text.replace(at, 2, "==");
      }
    }
    pool->Add(std::move(text), level, weight);
    pool->Add(std::move(negated.text), negated.level, weight);
  };
  bool letter = Compatible(a.kinds, analysis::kLetter) || (a.kinds & analysis::kText) != 0;
  if ((b.kinds & (analysis::kSetKind | analysis::kDictKind)) != 0) add(say.set_contains, false);
  if ((b.kinds & analysis::kText) != 0 && letter) add(say.text_contains, true);
  if ((b.kinds & analysis::kListKind) != 0) add(say.list_contains, true);
}

/// Questions about one character.
void AddLetter(const Site& site, const Atom& a, Pool* pool) {
  for (const analysis::KnownCall& call : site.language().calls) {
    if (call.method || call.result != analysis::kBool || call.subject != analysis::kLetter)
      continue;
    std::string text = StrCat(site.source().Written(call.name), "(", a.text, ")");
    Phrase negated = Negated(site.language(), text, kAtomLevel);
    pool->Add(std::move(text), kAtomLevel, 0.3 * a.weight);
    pool->Add(std::move(negated.text), negated.level, 0.2 * a.weight);
  }
  for (const Phrase& letter : site.Characters()) {
    pool->Add(StrCat(a.text, " == ", letter.text), kCompareLevel, 0.5 * letter.weight * a.weight);
    pool->Add(StrCat(a.text, " != ", letter.text), kCompareLevel, 0.5 * letter.weight * a.weight);
  }
}

void AddBinary(const Site& site, const Atom& a, const Atom& b, Pool* pool) {
  const auto& say = site.spelling();
  double weight = a.weight * b.weight;
  bool ordered = (a.kinds & (analysis::kSetKind | analysis::kDictKind | analysis::kBool)) == 0;
  if (Compatible(a.kinds, b.kinds) && a.text < b.text) {
    pool->Add(StrCat(a.text, " == ", b.text), kCompareLevel, 0.4 * weight);
    pool->Add(StrCat(a.text, " != ", b.text), kCompareLevel, 0.3 * weight);
    if (ordered) {
      for (std::string_view op : {"<", ">", "<=", ">="}) {
        pool->Add(StrCat(a.text, " ", op, " ", b.text), kCompareLevel, 0.3 * weight);
      }
    }
  }
  bool holds = (b.kinds & analysis::kCollection) != 0;
  if (say.contains.empty()) return AddMembership(site, a, b, pool);
  bool text_in_text = b.kinds != analysis::kText || Compatible(a.kinds, analysis::kText);
  if (holds && text_in_text && (a.kinds & (analysis::kListKind | analysis::kDictKind)) == 0) {
    pool->Add(StrCat(a.text, " ", say.contains, " ", b.text), kCompareLevel, 0.45 * weight);
    pool->Add(StrCat(a.text, " ", say.contains_not, " ", b.text), kCompareLevel, 0.45 * weight);
  }
  // An element of one collection in the other: how tables are used.
  bool both = holds && (a.kinds & analysis::kSequence) != 0;
  if (both && b.weight > 1) {
    for (std::string_view index : {"[0]", "[1]", "[-1]"}) {
      pool->Add(StrCat(a.text, index, " ", say.contains_not, " ", b.text), kCompareLevel,
                0.4 * weight);
      pool->Add(StrCat(a.text, index, " ", say.contains, " ", b.text), kCompareLevel, 0.3 * weight);
    }
  }
}

/// Elements the function reads (`xs[i]`), where types say what they are.
void AddElements(const Site& site, NodeId at, std::vector<Atom>* atoms) {
  const SyntaxTree& tree = site.tree();
  NodeId function = site.FunctionNode();
  size_t added = 0;
  for (NodeId id = function; id < tree[function].subtree_end && added < kElementsMax; ++id) {
    if (tree[id].role != Role::kSubscript || tree[id].end - tree[id].start > 24) continue;
    if (tree.IsBelow(at, id)) continue;
    bool known = std::any_of(atoms->begin(), atoms->end(),
                             [&](const Atom& atom) { return atom.text == site.Text(id); });
    Kinds kinds = site.source().KindsOf(id);
    if (known || kinds == 0 || !site.NamesVisible(id, at)) continue;
    atoms->push_back({.text = std::string(site.Text(id)), .kinds = kinds, .weight = 0.7});
    ++added;
  }
}

}  // namespace

std::vector<Phrase> MakeConditions(const Site& site, NodeId at) {
  Pool pool;
  AddExisting(site, at, &pool);
  std::vector<Atom> atoms = site.ValuesAt(at, 0);
  if (atoms.size() > kConditionAtomsMax) atoms.resize(kConditionAtomsMax);
  if (site.form().braces) AddElements(site, at, &atoms);
  for (const Atom& a : atoms) {
    AddUnary(site, a, &pool);
    if ((a.kinds & analysis::kLetter) != 0) AddLetter(site, a, &pool);
    for (const Atom& b : atoms) {
      if (a.text != b.text) AddBinary(site, a, b, &pool);
    }
    for (const Atom& f : site.FunctionsAt(at, 1)) {
      pool.Add(StrCat(f.text, "(", a.text, ")"), kAtomLevel, 0.9 * f.weight * a.weight);
      Phrase negated = Negated(site.language(), StrCat(f.text, "(", a.text, ")"), kAtomLevel);
      pool.Add(std::move(negated.text), negated.level, 0.5 * f.weight * a.weight);
    }
  }
  return pool.Take();
}

}  // namespace coditect::repair
