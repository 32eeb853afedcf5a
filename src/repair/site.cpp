// What one statement can see: expressions, names by likelihood, literals.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "src/repair/operator.h"

namespace coditect::repair {
namespace {

using analysis::Binding;
using analysis::Field;
using analysis::NameOrigin;
using analysis::SyntaxTree;

constexpr size_t kAttributesMax = 40;
constexpr size_t kAtomsMax = 60;
constexpr double kUnusedBoost = 2.2;

bool IsExpression(const SyntaxTree& tree, NodeId id) {
  switch (tree[id].role) {
    case Role::kCompare:
    case Role::kBinary:
    case Role::kBoolean:
    case Role::kNot:
    case Role::kUnary:
    case Role::kUpdate:
    case Role::kCast:
    case Role::kCall:
    case Role::kSubscript:
    case Role::kAttribute:
    case Role::kConditional:
    case Role::kParenthesized:
    case Role::kLambda:
    case Role::kComprehension:
    case Role::kGenerator:
    case Role::kIdentifier:
    case Role::kInteger:
    case Role::kFloat:
    case Role::kString:
    case Role::kCharacter:
    case Role::kTrue:
    case Role::kFalse:
    case Role::kNull:
    case Role::kList:
    case Role::kTuple:
    case Role::kSet:
    case Role::kDictionary:
    case Role::kExpressionList:
      return true;
    default:
      return false;
  }
}

/// A name that is bound, not read: targets, parameters, names of definitions, keywords, attributes.
bool IsTarget(const SyntaxTree& tree, NodeId id) {
  Role parent = tree.RoleOf(tree[id].parent);
  Field field = tree[id].field;
  switch (parent) {
    case Role::kAssignment:
    case Role::kAugmentedAssignment:
    case Role::kFor:
    case Role::kComprehensionFor:
      return field == Field::kLeft;
    case Role::kDeclaration:
      return field == Field::kName && tree[id].role != Role::kAssignment;
    case Role::kParameters:
    case Role::kPatternList:
    case Role::kDottedName:
    case Role::kAlias:
    case Role::kGlobal:
    case Role::kType:
    case Role::kDelete:
      return true;
    case Role::kParameter:
    case Role::kFunction:
    case Role::kClass:
      return field != Field::kValue;
    case Role::kKeywordArgument:
      return field == Field::kName;
    case Role::kAttribute:
      return field == Field::kAttribute;
    default:
      return false;
  }
}

double OriginWeight(NameOrigin origin) {
  switch (origin) {
    case NameOrigin::kParameter:
    case NameOrigin::kLocal:
    case NameOrigin::kLoop:
      return 1.0;
    case NameOrigin::kGlobal:
      return 0.5;
    case NameOrigin::kFunction:
      return 0.4;
    default:
      return 0.1;
  }
}

bool SameFunction(const SourceModel& source, NodeId a, const analysis::Symbol* function) {
  return source.FunctionOf(a) == function;
}

}  // namespace

Site::Site(const SourceModel& source, size_t statement, const SearchContext& context)
    : source_(source), index_(statement), context_(context) {
  const Statement& own = this->statement();
  own_line_ = analysis::IndentOf(tree(), own.node, &indent_);
  if (form().braces) indent_ = indent_.substr(0, indent_.find_first_not_of(" \t"));
  const NodeId end = tree()[own.node].subtree_end;
  for (NodeId id = own.node; id < end; ++id) {
    if (tree()[id].start >= own.header_end && own.body != kNoNode) break;
    Role role = tree()[id].role;
    if (role == Role::kComment || role == Role::kStringPart || role == Role::kType ||
        role == Role::kLeftAlone || (role == Role::kBlock && id != own.node)) {
      id = tree()[id].subtree_end - 1;
      continue;
    }
    nodes_.push_back(id);
    if (id != own.node && IsExpression(tree(), id) && !IsTarget(tree(), id) &&
        tree().Ancestor(id, {Role::kImport, Role::kImportFrom, Role::kDecorator}) == kNoNode) {
      bool documentation = tree()[id].role == Role::kString &&
                           tree().RoleOf(tree()[id].parent) == Role::kExpressionStatement;
      if (!documentation) expressions_.push_back(id);
    }
  }
}

Kinds Site::Expected(NodeId expression) const {
  if (!form().braces) return 0;
  switch (tree().RoleOf(tree()[expression].parent)) {
    case Role::kArguments:
    case Role::kList:
    case Role::kCast:
      return 0;
    case Role::kReturn:
      return source_.ReturnKindsAt(expression);
    default:
      return source_.KindsOf(expression);
  }
}

NodeId Site::FunctionNode() const {
  const analysis::Symbol* function = source_.FunctionOf(statement().node);
  return function == nullptr ? 0 : function->node;
}

bool Site::InLoop() const {
  for (NodeId up = tree()[statement().node].parent; up != kNoNode; up = tree()[up].parent) {
    Role role = tree()[up].role;
    if (role == Role::kFor || role == Role::kWhile || role == Role::kDo) return true;
    if (role == Role::kFunction || role == Role::kClass) return false;
    if (role == Role::kLambda && form().braces) return false;
  }
  return false;
}

NodeId Site::ScopeKey(NodeId node) const {
  for (NodeId up = tree()[node].parent; up != kNoNode && up > statement().node;
       up = tree()[up].parent) {
    Role role = tree()[up].role;
    if (role == Role::kLambda || role == Role::kComprehension || role == Role::kGenerator) {
      return up;
    }
  }
  return statement().node;
}

const std::vector<Atom>& Site::AtomsAt(NodeId node) const {
  NodeId key = ScopeKey(node);
  auto found = atoms_.find(key);
  if (found == atoms_.end()) found = atoms_.emplace(key, MakeAtoms(node)).first;
  return found->second;
}

std::vector<Atom> Site::MakeAtoms(NodeId node) const {
  std::vector<Atom> atoms;
  const Statement& own = statement();
  std::set<std::string_view> in_statement;
  for (NodeId id : nodes_) {
    if (tree()[id].role == Role::kIdentifier) in_statement.insert(Text(id));
  }
  const analysis::Symbol* function = source_.FunctionOf(own.node);
  for (const Binding* binding : source_.scope().VisibleAt(tree()[node].start)) {
    Atom atom{.text = std::string(binding->name), .origin = binding->origin};
    atom.kinds =
        binding->origin == NameOrigin::kFunction
            ? Kinds{analysis::kCallable}
            : source_.KindsOfName(binding->name, binding->node == kNoNode ? 0 : binding->node);
    double distance = std::abs(static_cast<double>(tree()[own.node].line) -
                               (binding->node == kNoNode ? 1e6 : tree()[binding->node].line));
    atom.weight = OriginWeight(binding->origin);
    if (!in_statement.contains(binding->name))
      atom.weight *= 0.8 / (1 + 0.02 * std::min(distance, 50.0));
    bool mine = function != nullptr && binding->scope >= function->node && binding->scope != 0;
    if (binding->reads == 0 && (mine || binding->origin == NameOrigin::kFunction) &&
        binding->name != spelling().self_name && !binding->name.starts_with('_') &&
        !(function != nullptr && binding->node == tree().Child(function->node, Field::kName))) {
      atom.weight *= kUnusedBoost;
    }
    atoms.push_back(std::move(atom));
  }
  AddAttributes(node, &atoms);
  std::stable_sort(atoms.begin(), atoms.end(),
                   [](const Atom& a, const Atom& b) { return a.weight > b.weight; });
  if (atoms.size() > kAtomsMax) atoms.resize(kAtomsMax);
  return atoms;
}

void Site::AddAttributes(NodeId node, std::vector<Atom>* atoms) const {
  std::set<std::string_view> visible;
  for (const Atom& atom : *atoms) visible.insert(atom.text);
  NodeId begin = FunctionNode();
  NodeId holder = tree().Ancestor(begin == 0 ? node : begin, {Role::kClass});
  NodeId first = holder == kNoNode ? begin : holder;
  std::set<std::string> seen;
  std::vector<Atom> found;
  for (NodeId id = first; id < tree()[first].subtree_end && seen.size() < kAttributesMax; ++id) {
    if (tree()[id].role != Role::kAttribute) continue;
    NodeId object = tree().Child(id, Field::kObject);
    if (object == kNoNode || tree()[object].role != Role::kIdentifier) continue;
    if (tree().RoleOf(tree()[id].parent) == Role::kCall && tree()[id].field == Field::kFunction)
      continue;
    if (!visible.contains(Text(object))) continue;
    bool near = SameFunction(source_, id, source_.FunctionOf(node));
    if (!near && Text(object) != spelling().self_name) continue;
    if (!seen.emplace(Text(id)).second) continue;
    found.push_back({.text = std::string(Text(id)),
                     .kinds = source_.KindsOfName(Text(id), id),
                     .weight = near ? 0.7 : 0.35,
                     .attribute = true});
  }
  atoms->insert(atoms->end(), found.begin(), found.end());
}

std::vector<Atom> Site::ValuesAt(NodeId node, Kinds kinds) const {
  std::vector<Atom> out;
  for (const Atom& atom : AtomsAt(node)) {
    if (atom.origin == NameOrigin::kFunction || atom.origin == NameOrigin::kClass ||
        atom.origin == NameOrigin::kImport || atom.origin == NameOrigin::kBuiltin) {
      continue;
    }
    if (atom.text != spelling().self_name && Compatible(atom.kinds, kinds)) out.push_back(atom);
  }
  return out;
}

std::vector<Atom> Site::FunctionsAt(NodeId node, size_t arity) const {
  std::vector<Atom> out;
  for (const Atom& atom : AtomsAt(node)) {
    if (atom.origin != NameOrigin::kFunction) continue;
    for (const analysis::Symbol& symbol : source_.symbols()) {
      bool callable = symbol.kind == analysis::Symbol::Kind::kFunction ||
                      (form().braces && symbol.kind == analysis::Symbol::Kind::kMethod);
      if (symbol.name != atom.text || !callable) continue;
      if (symbol.parameters.size() == arity) out.push_back(atom);
      break;
    }
  }
  return out;
}

const std::vector<Phrase>& Site::ConditionsAt(NodeId node) const {
  NodeId key = ScopeKey(node);
  auto found = conditions_.find(key);
  if (found == conditions_.end())
    found = conditions_.emplace(key, MakeConditions(*this, node)).first;
  return found->second;
}

bool Site::NamesVisible(NodeId node, NodeId at) const {
  const auto& atoms = AtomsAt(at);
  const NodeId end = tree()[node].subtree_end;
  std::set<std::string_view> own;  // bound inside the expression itself
  for (NodeId id = node; id < end; ++id) {
    if (tree()[id].role == Role::kIdentifier && IsTarget(tree(), id)) own.insert(Text(id));
  }
  for (NodeId id = node; id < end; ++id) {
    if (tree()[id].role != Role::kIdentifier || IsTarget(tree(), id) || own.contains(Text(id)))
      continue;
    bool known = std::any_of(atoms.begin(), atoms.end(),
                             [&](const Atom& atom) { return atom.text == Text(id); });
    if (!known) return false;
  }
  return true;
}

std::vector<Phrase> Site::Integers() const {
  std::map<std::string, double> weights;
  auto add = [&](std::string_view text, double weight) {
    double& value = weights[std::string(text)];
    value = std::max(value, weight);
  };
  NodeId function = FunctionNode();
  for (NodeId id = function; id < tree()[function].subtree_end; ++id) {
    if (tree()[id].role == Role::kInteger) add(Text(id), function == 0 ? 0.3 : 0.8);
    if (tree()[id].role != Role::kString || tree()[id].line == tree()[id].end_line) continue;
    std::string_view words = Text(id);  // a number the documentation mentions
    for (size_t i = 0; i < words.size(); ++i) {
      size_t start = i;
      while (i < words.size() && std::isdigit(static_cast<unsigned char>(words[i]))) ++i;
      if (i > start && i - start < 5) add(words.substr(start, i - start), 0.25);
    }
  }
  for (const std::string& text : context_.literals.expected_numbers) {
    if (text.size() < 5 && text.find('.') == std::string::npos) add(text, 0.2);
  }
  std::vector<Phrase> out;
  for (const auto& [text, weight] : weights) {
    if (text != "0" && text != "1" && !(text.size() > 1 && text[0] == '0' && std::isdigit(text[1])))
      out.push_back({text, kAtomLevel, weight});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Phrase& a, const Phrase& b) { return a.weight > b.weight; });
  if (out.size() > 20) out.resize(20);
  return out;
}

std::vector<Phrase> Site::Characters() const {
  std::map<std::string_view, double> weights;
  NodeId function = FunctionNode();
  for (NodeId id = 0; id < tree().size(); ++id) {
    if (tree()[id].role != Role::kCharacter) continue;
    double& value = weights[Text(id)];
    value = std::max(value, tree().IsBelow(id, function) ? 0.8 : 0.15);
  }
  std::vector<Phrase> out;
  for (const auto& [text, weight] : weights) out.push_back({std::string(text), kAtomLevel, weight});
  std::stable_sort(out.begin(), out.end(),
                   [](const Phrase& a, const Phrase& b) { return a.weight > b.weight; });
  if (out.size() > 20) out.resize(20);
  return out;
}

std::vector<Phrase> Site::Strings(NodeId at) const {
  std::map<std::string, double> weights;
  NodeId function = FunctionNode();
  for (NodeId id = 0; id < tree().size(); ++id) {
    if (tree()[id].role != Role::kString || tree()[id].line != tree()[id].end_line) continue;
    if (tree().RoleOf(tree()[id].parent) == Role::kExpressionStatement) continue;
    if (id == at || Text(id).size() > 80 || Text(id).front() == 'f') continue;
    double weight = id >= function && id < tree()[function].subtree_end ? 0.8 : 0.2;
    double& value = weights[std::string(Text(id))];
    value = std::max(value, weight);
  }
  std::vector<Phrase> out;
  for (const auto& [text, weight] : weights) out.push_back({text, kAtomLevel, weight});
  std::stable_sort(out.begin(), out.end(),
                   [](const Phrase& a, const Phrase& b) { return a.weight > b.weight; });
  if (out.size() > 30) out.resize(30);
  return out;
}

}  // namespace coditect::repair
