// One source file as the operators see it.
#include "src/repair/source_model.h"

#include <algorithm>

#include "src/repair/declared_types.h"

namespace coditect::repair {
namespace {

using analysis::Binding;
using analysis::Field;
using analysis::KnownCall;
using analysis::SyntaxTree;

constexpr int kKindDepthMax = 6;
constexpr uint64_t kModulus = (uint64_t{1} << 61) - 1;
constexpr uint64_t kBase = 1'000'003;

uint64_t Multiply(uint64_t a, uint64_t b) {
  auto product = static_cast<unsigned __int128>(a) * b;
  uint64_t sum = static_cast<uint64_t>(product & kModulus) + static_cast<uint64_t>(product >> 61);
  return sum >= kModulus ? sum - kModulus : sum;
}

uint64_t Add(uint64_t a, uint64_t b) {
  uint64_t sum = a + b;
  return sum >= kModulus ? sum - kModulus : sum;
}

uint64_t Step(uint64_t hash, char byte) {
  return Add(Multiply(hash, kBase), static_cast<unsigned char>(byte) + 1);
}

Kinds KindsByName(const analysis::Language& language, std::string_view name) {
  for (const auto& row : language.kind_names) {
    if (row.name == name) return row.kinds;
  }
  return analysis::kObject;
}

/// Kinds of what says them by its form alone.
Kinds KindsOfForm(Role role) {
  switch (role) {
    case Role::kInteger:
      return analysis::kInt;
    case Role::kFloat:
      return analysis::kReal;
    case Role::kCharacter:
      return analysis::kLetter;
    case Role::kTrue:
    case Role::kFalse:
    case Role::kCompare:
    case Role::kNot:
      return analysis::kBool;
    case Role::kNull:
      return analysis::kNone;
    case Role::kTuple:
    case Role::kExpressionList:
      return analysis::kTupleKind;
    case Role::kSet:
      return analysis::kSetKind;
    case Role::kDictionary:
      return analysis::kDictKind;
    case Role::kLambda:
      return analysis::kCallable;
    case Role::kGenerator:
      return analysis::kIterator;
    default:
      return 0;
  }
}

/// "list[int]" and "typing.List[int]" by their outer name.
std::string_view OuterType(std::string_view type) {
  type = type.substr(0, type.find('['));
  size_t dot = type.rfind('.');
  return dot == std::string_view::npos ? type : type.substr(dot + 1);
}

}  // namespace

std::string Apply(std::string_view text, const std::vector<Splice>& splices) {
  std::string out;
  uint32_t at = 0;
  for (const Splice& splice : splices) {
    out += text.substr(at, splice.start - at);
    out += splice.text;
    at = splice.end;
  }
  out += text.substr(at);
  return out;
}

TextHash::TextHash(std::string_view text) : prefix_(text.size() + 1), power_(text.size() + 1, 1) {
  for (size_t i = 0; i < text.size(); ++i) {
    prefix_[i + 1] = Step(prefix_[i], text[i]);
    power_[i + 1] = Multiply(power_[i], kBase);
  }
}

uint64_t TextHash::Append(uint64_t hash, uint32_t start, uint32_t end) const {
  uint64_t length = power_[end - start];
  uint64_t piece = Add(prefix_[end], kModulus - Multiply(prefix_[start], length));
  return Add(Multiply(hash, length), piece);
}

uint64_t TextHash::Of(const std::vector<Splice>& splices) const {
  uint64_t hash = 0;
  uint32_t at = 0;
  for (const Splice& splice : splices) {
    hash = Append(hash, at, splice.start);
    for (char byte : splice.text) hash = Step(hash, byte);
    at = splice.end;
  }
  return Append(hash, at, static_cast<uint32_t>(prefix_.size() - 1));
}

bool Compatible(Kinds a, Kinds b) {
  constexpr Kinds kNumeric = analysis::kNumber | analysis::kBool | analysis::kLetter;
  if (a == 0 || b == 0 || (a & b) != 0) return true;
  return (a & kNumeric) != 0 && (b & kNumeric) != 0;
}

StatusOr<std::unique_ptr<SourceModel>> SourceModel::Create(const SourceText& source) {
  const analysis::Language* language = analysis::LanguageOf(source.path);
  if (language == nullptr) return InvalidArgument("no table for the language of ", source.path);
  if (source.text.size() > kRepairFileBytesMax) {
    return ResourceExhausted(source.path, " is too large to repair");
  }
  analysis::Parser parser(*language);
  auto tree = parser.Parse(source.text);
  if (!tree.ok()) return Annotate(tree.status(), source.path);
  return std::unique_ptr<SourceModel>(new SourceModel(source.path, std::move(tree).value()));
}

SourceModel::SourceModel(std::string path, analysis::SyntaxTree tree)
    : path_(std::move(path)),
      tree_(std::move(tree)),
      statements_(analysis::Statements(tree_)),
      symbols_(analysis::Symbols(tree_)),
      scope_(tree_),
      hash_(tree_.text()) {
  const std::string_view import = language().spelling.library_import;
  library_imported_ = !import.empty() && tree_.text().find(import) != std::string::npos;
  InferNames();
}

std::string SourceModel::FunctionName(NodeId id) const {
  const analysis::Symbol* function = FunctionOf(id);
  return function == nullptr ? "" : function->qualified_name;
}

Kinds SourceModel::ElementKindsOf(NodeId expression) const {
  return KindsOfType(language(), ElementType(DeclaredType(expression, 0)));
}

Kinds SourceModel::ReturnKindsAt(NodeId node) const {
  const analysis::Symbol* function = FunctionOf(node);
  if (!language().form.braces || function == nullptr) return 0;
  if (NodeId lambda = tree_.Ancestor(node, {Role::kLambda}); lambda != kNoNode) {
    if (lambda > function->node) return 0;
  }
  NodeId type = tree_.Child(function->node, Field::kType);
  if (type == kNoNode) return 0;
  std::string text(tree_.Text(type));
  for (NodeId at = type; at < tree_.Child(function->node, Field::kName); ++at) {
    if (tree_.Text(at) == "*") text += '*';
  }
  return KindsOfType(language(), text);
}

std::string SourceModel::Written(std::string_view name) const {
  std::string out(name);
  if (!library_imported_) return out;
  const std::string_view prefix = language().spelling.library_prefix;
  for (size_t at; (at = out.find(prefix)) != std::string::npos;) out.erase(at, prefix.size());
  return out;
}

void SourceModel::InferNames() {
  // Twice, so that a name assigned from a later inferred one is known, too.
  for (int round = 0; round < 2; ++round) {
    for (const Binding& binding : scope_.bindings()) {
      if (binding.node == kNoNode) continue;
      Kinds kinds = 0;
      if (binding.origin == analysis::NameOrigin::kFunction) kinds = analysis::kCallable;
      if (binding.value != kNoNode) kinds = KindsOf(binding.value);
      NodeId parameter = tree_[binding.node].parent;
      if (tree_.RoleOf(parameter) == Role::kParameter) {
        NodeId type = tree_.Child(parameter, Role::kType);
        if (type != kNoNode) {
          Kinds typed = KindsByName(language(), OuterType(tree_.Text(type)));
          kinds = typed == analysis::kObject ? 0 : typed;
        }
      }
      if (language().form.braces && binding.origin != analysis::NameOrigin::kFunction) {
        std::string type = DeclaredTypeOf(tree_, binding.node);
        if (type.empty() || type == "auto") type = DeclaredType(ValueOf(tree_, binding), 0);
        kinds = KindsOfType(language(), type);
        if (kinds == 0 && binding.value != kNoNode) kinds = KindsOf(binding.value);
        if (!type.empty()) types_[{FunctionName(binding.node), std::string(binding.name)}] = type;
      }
      if (kinds != 0) kinds_[{FunctionName(binding.node), std::string(binding.name)}] |= kinds;
    }
  }
}

void SourceModel::Observe(const std::vector<ObservedName>& names) {
  std::map<std::pair<std::string, std::string>, Kinds> seen;
  for (const ObservedName& name : names) {
    if (name.file != path_) continue;
    Kinds kinds = 0;
    for (const std::string& kind : name.kinds) kinds |= KindsByName(language(), OuterType(kind));
    seen[{analysis::PlainQualifiedName(name.function), name.name}] |= kinds;
  }
  // What ran is better known than what was read.
  for (auto& [key, kinds] : seen) kinds_[key] = kinds;
}

Kinds SourceModel::KindsOfName(std::string_view name, NodeId at) const {
  std::string function = FunctionName(at);
  while (true) {
    auto found = kinds_.find({function, std::string(name)});
    if (found != kinds_.end()) return found->second;
    if (function.empty()) return 0;
    size_t dot = function.rfind('.');
    function = dot == std::string::npos ? "" : function.substr(0, dot);
  }
}

Kinds SourceModel::KindsOf(NodeId id, int depth) const {
  if (id == kNoNode || depth > kKindDepthMax) return 0;
  const bool braces = language().form.braces;
  switch (tree_[id].role) {
    case Role::kString:
      return tree_.Text(id).find_first_of("bB") == 0 ? analysis::kBytes : analysis::kText;
    case Role::kList:  // `{1, 2}` may begin anything where types are declared
      return braces ? 0 : Kinds{analysis::kListKind};
    case Role::kComprehension:
      if (tree_.Text(id).front() == '[') return analysis::kListKind;
      return tree_.RoleOf(id + 2) == Role::kPair ? analysis::kDictKind : analysis::kSetKind;
    case Role::kIdentifier:
    case Role::kAttribute:
      if (Kinds kinds = KindsOfName(tree_.Text(id), id); kinds != 0 || !braces) return kinds;
      return KindsOfType(language(), DeclaredType(id, depth));
    case Role::kCall:
      return KindsOfCall(id, depth);
    case Role::kBinary:
      return KindsOfBinary(id, depth);
    case Role::kBoolean:
      if (braces) return analysis::kBool;
      return KindsOf(tree_.Child(id, Field::kLeft), depth + 1) |
             KindsOf(tree_.Child(id, Field::kRight), depth + 1);
    case Role::kUnary:
      if (tree_.Text(id).front() == '*') return KindsOfType(language(), DeclaredType(id, depth));
      if (tree_.Text(id).front() == '&') return 0;
      return KindsOf(tree_.Child(id, Field::kArgument), depth + 1);
    case Role::kUpdate:
      return KindsOf(tree_.Child(id, Field::kArgument), depth + 1);
    case Role::kCast: {
      NodeId type = tree_.Child(id, Field::kType);
      return type == kNoNode ? 0 : KindsOfType(language(), std::string(tree_.Text(type)));
    }
    case Role::kConditional: {
      if (NodeId yes = tree_.Child(id, Field::kConsequence); yes != kNoNode)
        return KindsOf(yes, depth + 1);
      auto parts = tree_.Children(id);
      return parts.empty() ? 0 : KindsOf(parts.front(), depth + 1);
    }
    case Role::kParenthesized: {
      auto parts = tree_.Children(id);
      return parts.empty() ? 0 : KindsOf(parts.front(), depth + 1);
    }
    case Role::kSubscript: {
      if (braces) return KindsOfType(language(), DeclaredType(id, depth));
      Kinds kinds = KindsOf(tree_.Child(id, Field::kValue), depth + 1);
      if (tree_.Child(id, Role::kSlice) != kNoNode) return kinds;
      return kinds == analysis::kText ? kinds : 0;
    }
    default:
      return KindsOfForm(tree_[id].role);
  }
}

Kinds SourceModel::KindsOfCall(NodeId call, int depth) const {
  NodeId function = tree_.Child(call, Field::kFunction);
  if (function == kNoNode) return 0;
  bool method = tree_[function].role == Role::kAttribute;
  NodeId name = method ? tree_.Child(function, Field::kAttribute) : function;
  if (name == kNoNode) return 0;
  if (language().form.braces) {
    Kinds kinds = KindsOfType(language(), DeclaredType(call, depth));
    if (kinds != 0) return kinds;
  }
  const auto plain = [&](std::string_view text) {
    std::string_view prefix = language().spelling.library_prefix;
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  };
  for (const KnownCall& known : language().calls) {
    if (known.method != method || plain(known.name) != plain(tree_.Text(name))) continue;
    if (known.result != 0) return known.result;
    NodeId subject = kNoNode;
    if (method) {
      subject = tree_.Child(function, Field::kObject);
    } else if (NodeId arguments = tree_.Child(call, Field::kArguments); arguments != kNoNode) {
      auto list = tree_.Children(arguments);
      if (!list.empty()) subject = list.front();
    }
    Kinds kinds = KindsOf(subject, depth + 1);
    return (known.subject & analysis::kNumber) != 0 || method ? kinds : 0;
  }
  return 0;
}

/// The type of an expression as its declaration writes it; "" when nobody wrote it.
std::string SourceModel::DeclaredType(NodeId id, int depth) const {
  if (id == kNoNode || depth > kKindDepthMax) return {};
  const SyntaxTree& tree = tree_;
  switch (tree[id].role) {
    case Role::kIdentifier: {
      std::string function = FunctionName(id);
      while (true) {
        auto found = types_.find({function, std::string(tree.Text(id))});
        if (found != types_.end()) return found->second;
        if (function.empty()) return {};
        size_t dot = function.rfind('.');
        function = dot == std::string::npos ? "" : function.substr(0, dot);
      }
    }
    case Role::kAttribute:  // a member by its name alone
      return DeclaredType(tree.Child(id, Field::kAttribute), depth + 1);
    case Role::kSubscript:
      return ElementType(DeclaredType(tree.Child(id, Field::kValue), depth + 1));
    case Role::kUnary:
      if (tree.Text(id).front() == '*')
        return ElementType(DeclaredType(tree.Child(id, Field::kArgument), depth + 1));
      return {};
    case Role::kParenthesized: {
      auto parts = tree.Children(id);
      return parts.empty() ? std::string() : DeclaredType(parts.front(), depth + 1);
    }
    case Role::kFor:  // of its variable
      return ElementType(DeclaredType(tree.Child(id, Field::kRight), depth + 1));
    case Role::kCall: {
      NodeId function = tree.Child(id, Field::kFunction);
      if (function == kNoNode) return {};
      if (tree[function].role == Role::kAttribute) {
        NodeId name = tree.Child(function, Field::kAttribute);
        if (name == kNoNode ||
            std::find(language().element_methods.begin(), language().element_methods.end(),
                      tree.Text(name)) == language().element_methods.end())
          return {};
        return ElementType(DeclaredType(tree.Child(function, Field::kObject), depth + 1));
      }
      if (tree[function].role == Role::kType) return std::string(tree.Text(function));
      return CastType(tree.Text(function));
    }
    default:
      return {};
  }
}

Kinds SourceModel::KindsOfBinary(NodeId binary, int depth) const {
  Kinds left = KindsOf(tree_.Child(binary, Field::kLeft), depth + 1);
  Kinds right = KindsOf(tree_.Child(binary, Field::kRight), depth + 1);
  NodeId op = tree_.Child(binary, Field::kOperator);
  std::string_view sign = op == kNoNode ? "" : tree_.Text(op);
  constexpr Kinds kNotNumbers = analysis::kCollection;
  if (((left | right) & kNotNumbers) != 0) return (left | right) & kNotNumbers;
  if (left == 0 && right == 0) return 0;
  if (sign == "/" && !language().form.braces) return analysis::kReal;
  if (((left | right) & analysis::kLetter) != 0) return analysis::kInt;
  if (((left | right) & analysis::kReal) != 0) return analysis::kReal;
  if (left == analysis::kInt && right == analysis::kInt) return analysis::kInt;
  return left & right;
}

}  // namespace coditect::repair
