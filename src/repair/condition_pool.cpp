// Conditions that might be meant at a point: those of the function and the file, and simple ones
// made of the names in scope.
#include <algorithm>

#include "src/repair/operator.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

constexpr size_t kConditionsMax = 260;
constexpr size_t kConditionAtomsMax = 9;

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
    std::string negated =
        StrCat(site.spelling().logical_not, Fit(site.Text(id), LevelOf(tree, id), kCompareLevel));
    if (role != Role::kNot) pool->Add(std::move(negated), kCompareLevel, weight * 0.5);
  }
}

void AddUnary(const Site& site, const Atom& a, Pool* pool) {
  const auto& say = site.spelling();
  constexpr Kinds kNotTested = analysis::kCallable;
  if (a.kinds == kNotTested) return;
  pool->Add(a.text, kAtomLevel, 0.35 * a.weight);
  pool->Add(StrCat(say.logical_not, a.text), kCompareLevel, 0.4 * a.weight);
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
  if ((a.kinds & analysis::kNone) != 0 || a.kinds == 0 || (a.kinds & analysis::kObject) != 0) {
    pool->Add(StrCat(a.text, " ", say.identical, " ", say.null_literal), kCompareLevel,
              0.25 * a.weight);
    pool->Add(StrCat(a.text, " ", say.identical_not, " ", say.null_literal), kCompareLevel,
              0.25 * a.weight);
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

}  // namespace

std::vector<Phrase> MakeConditions(const Site& site, NodeId at) {
  Pool pool;
  AddExisting(site, at, &pool);
  std::vector<Atom> atoms = site.ValuesAt(at, 0);
  if (atoms.size() > kConditionAtomsMax) atoms.resize(kConditionAtomsMax);
  for (const Atom& a : atoms) {
    AddUnary(site, a, &pool);
    for (const Atom& b : atoms) {
      if (a.text != b.text) AddBinary(site, a, b, &pool);
    }
    for (const Atom& f : site.FunctionsAt(at, 1)) {
      pool.Add(StrCat(f.text, "(", a.text, ")"), kAtomLevel, 0.9 * f.weight * a.weight);
      pool.Add(StrCat(site.spelling().logical_not, f.text, "(", a.text, ")"), kCompareLevel,
               0.5 * f.weight * a.weight);
    }
  }
  return pool.Take();
}

}  // namespace coditect::repair
