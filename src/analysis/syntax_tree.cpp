// Syntax trees by tree-sitter (https://tree-sitter.github.io), copied out into plain values.
#include "src/analysis/syntax_tree.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <map>

#include "src/base/check.h"

namespace coditect::analysis {
namespace {

constexpr uint32_t kReadBytes = 4096;
/// How often the parser may ask for the same text again before it is called broken: error recovery
/// that re-reads without end would be a hang.
constexpr uint64_t kReadsPerPiece = 64;

struct KindRule {
  Role role = Role::kOther;
  Shape shape = Shape::kNode;
};

struct Tables {
  bool braces = false;
  std::vector<KindRule> kinds;                                        // by symbol
  std::vector<Field> fields;                                          // by field id
  std::map<std::pair<uint16_t, std::string_view>, Role> by_operator;  // symbol, operator
};

Tables MakeTables(const Language& language, const TSLanguage* grammar) {
  Tables tables;
  tables.braces = language.form.braces;
  std::map<std::string_view, KindRule> kinds;
  for (const KindRole& row : language.roles) kinds[row.kind] = {row.role, row.shape};
  std::map<std::string_view, Field> fields;
  for (const FieldName& row : language.fields) fields[row.name] = row.field;
  for (uint32_t i = 0; i < ts_language_symbol_count(grammar); ++i) {
    if (ts_language_symbol_type(grammar, i) != TSSymbolTypeRegular) {
      tables.kinds.push_back({Role::kToken});
      continue;
    }
    std::string_view name = ts_language_symbol_name(grammar, i);
    auto found = kinds.find(name);
    tables.kinds.push_back(found == kinds.end() ? KindRule{} : found->second);
    for (const OperatorRole& row : language.operator_roles) {
      if (row.kind != name) continue;
      for (std::string_view sign : row.operators) tables.by_operator[{i, sign}] = row.role;
    }
  }
  for (uint32_t i = 0; i <= ts_language_field_count(grammar); ++i) {
    const char* name = i == 0 ? nullptr : ts_language_field_name_for_id(grammar, i);
    auto found = name == nullptr ? fields.end() : fields.find(name);
    tables.fields.push_back(found == fields.end() ? Field::kNone : found->second);
  }
  return tables;
}

/// Serves the text in pieces and counts, so that a parse ends after a bounded amount of work that
/// depends on the text alone.
struct Source {
  std::string_view text;
  uint64_t reads = 0;
  uint64_t reads_max = 0;
  size_t cancel = 0;
};

const char* Read(void* payload, uint32_t byte, TSPoint, uint32_t* bytes) {
  auto& source = *static_cast<Source*>(payload);
  if (++source.reads > source.reads_max) source.cancel = 1;
  if (byte >= source.text.size()) {
    *bytes = 0;
    return "";
  }
  *bytes = std::min<uint32_t>(kReadBytes, static_cast<uint32_t>(source.text.size() - byte));
  return source.text.data() + byte;
}

struct TreeDeleter {
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};
using TreePointer = std::unique_ptr<TSTree, TreeDeleter>;

/// A number with a fraction or an exponent.
bool IsFraction(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) return false;
  return text.find_first_of(".eE") != std::string_view::npos;
}

/// Turns the grammar's tree into ours while it walks it: roles and fields of the language's table,
/// transparent nodes left out.
class Flattener {
 public:
  Flattener(std::string_view text, const Tables& tables) : text_(text), tables_(tables) {}

  std::vector<SyntaxNode> Run(TSTree* tree) {
    cursor_ = ts_tree_cursor_new(ts_tree_root_node(tree));
    open_.push_back({});
    while (true) {
      if (Visit() && ts_tree_cursor_goto_first_child(&cursor_)) continue;
      Close();
      while (!ts_tree_cursor_goto_next_sibling(&cursor_)) {
        if (!ts_tree_cursor_goto_parent(&cursor_)) {
          ts_tree_cursor_delete(&cursor_);
          return std::move(nodes_);
        }
        Close();
      }
    }
  }

 private:
  /// A node of the grammar whose children are being read.
  struct Open {
    NodeId node = kNoNode;  // ours; of a transparent one: its parent's
    bool own = false;
    Shape shape = Shape::kNode;
    uint32_t line = 0;
    Field field = Field::kNone;  // of a transparent node: its own
  };

  void Close() {
    if (open_.back().own)
      nodes_[open_.back().node].subtree_end = static_cast<NodeId>(nodes_.size());
    open_.pop_back();
  }

  /// Reads the node under the cursor and opens it; false when its children are nothing to us.
  bool Visit() {
    const Open above = open_.back();
    TSNode node = ts_tree_cursor_current_node(&cursor_);
    const uint16_t symbol = ts_node_symbol(node);
    KindRule rule = symbol < tables_.kinds.size() ? tables_.kinds[symbol] : KindRule{Role::kError};
    if (ts_node_is_missing(node)) rule = {Role::kError};
    const uint32_t line = ts_node_start_point(node).row + 1;
    const bool dropped = above.shape == Shape::kDirective && line == above.line;
    const Role parent = above.node == kNoNode ? Role::kOther : nodes_[above.node].role;
    Field field = tables_.fields[ts_tree_cursor_current_field_id(&cursor_)];
    if (rule.shape == Shape::kBrackets) {
      if (field != Field::kCondition) {
        rule.shape = Shape::kNode;
      } else if (parent == Role::kDo) {
        rule = {Role::kDoCondition};
      } else {
        rule.shape = Shape::kCondition;
      }
    }
    const bool transparent = rule.shape == Shape::kTransparent || rule.shape == Shape::kDirective ||
                             rule.shape == Shape::kCondition;
    if (dropped || transparent) {
      open_.push_back({above.node, false, rule.shape, line, field});
      return !dropped;
    }
    SyntaxNode out;
    out.named = ts_node_is_named(node);
    if (field == Field::kNone &&
        (rule.role == Role::kIdentifier || rule.role == Role::kPatternList))
      field = above.field;  // the name in `&name`
    out.field = FieldIn(parent, above.shape, field, out.named && rule.role != Role::kComment);
    out.role = rule.role;
    out.kind = symbol;
    out.start = ts_node_start_byte(node);
    out.end = ts_node_end_byte(node);
    out.line = line;
    TSPoint end = ts_node_end_point(node);
    out.end_line = end.column == 0 && end.row + 1 > out.line ? end.row : end.row + 1;
    out.parent = above.node;
    if (tables_.braces) Refine(&out, &rule);
    open_.push_back({static_cast<NodeId>(nodes_.size()), true, Shape::kNode, line});
    nodes_.push_back(out);
    return rule.shape != Shape::kLeaf;
  }

  /// The field by our names, which depend on the parent.
  Field FieldIn(Role parent, Shape around, Field field, bool named) const {
    if (!tables_.braces) return field;
    if ((around == Shape::kCondition || parent == Role::kDoCondition) && named &&
        (field == Field::kNone || field == Field::kValue)) {
      return parent == Role::kMatch ? Field::kValue : Field::kCondition;
    }
    if (parent == Role::kMatch && field == Field::kCondition) return Field::kValue;
    if (parent == Role::kAttribute && field == Field::kArgument) return Field::kObject;
    if (parent == Role::kSubscript && field == Field::kArgument) return Field::kValue;
    if (parent == Role::kSubscript && field == Field::kNone && named) return Field::kSubscript;
    if (parent == Role::kAssignment && field == Field::kName) return Field::kLeft;
    if (parent == Role::kAssignment && field == Field::kValue) return Field::kRight;
    if (parent == Role::kFor && field == Field::kName) return Field::kLeft;
    return field;
  }

  /// What the place and the text of a node say of its role, and of its parent's.
  void Refine(SyntaxNode* node, KindRule* rule) {
    std::string_view text = text_.substr(node->start, node->end - node->start);
    if (node->field == Field::kType && node->named && node->role != Role::kClass) {
      node->role = Role::kType;
      rule->shape = Shape::kLeaf;
    }
    if (rule->shape == Shape::kNumber && IsFraction(text)) node->role = Role::kFloat;
    if (node->field != Field::kOperator || node->parent == kNoNode) return;
    auto found = tables_.by_operator.find({nodes_[node->parent].kind, text});
    if (found == tables_.by_operator.end()) return;
    nodes_[node->parent].role = found->second;
  }

  std::string_view text_;
  const Tables& tables_;
  TSTreeCursor cursor_{};
  std::vector<Open> open_;
  std::vector<SyntaxNode> nodes_;
};

}  // namespace

struct Parser::State {
  const Language* language;
  TSParser* parser;
  Tables tables;

  ~State() { ts_parser_delete(parser); }

  TreePointer Parse(std::string_view text) {
    Source source{.text = text};
    source.reads_max = kReadsPerPiece * (2 + text.size() / kReadBytes) + 1024;
    ts_parser_reset(parser);
    ts_parser_set_cancellation_flag(parser, &source.cancel);
    TSInput input{&source, Read, TSInputEncodingUTF8};
    TreePointer tree(ts_parser_parse(parser, nullptr, input));
    ts_parser_set_cancellation_flag(parser, nullptr);
    return tree;
  }
};

Parser::Parser(const Language& language) : state_(std::make_unique<State>()) {
  const TSLanguage* grammar = language.grammar();
  state_->language = &language;
  state_->parser = ts_parser_new();
  CHECK(ts_parser_set_language(state_->parser, grammar));
  state_->tables = MakeTables(language, grammar);
}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

StatusOr<SyntaxTree> Parser::Parse(std::string text) {
  if (text.size() > kSourceBytesMax) {
    return ResourceExhausted("a source file of ", text.size(), " bytes is over the limit of ",
                             kSourceBytesMax);
  }
  TreePointer tree = state_->Parse(text);
  if (tree == nullptr) return ResourceExhausted("the source is too broken to parse");
  auto nodes = Flattener(text, state_->tables).Run(tree.get());
  return SyntaxTree(*state_->language, std::move(text), std::move(nodes));
}

bool Parser::Accepts(std::string_view text) {
  TreePointer tree = state_->Parse(text);
  return tree != nullptr && !ts_node_has_error(ts_tree_root_node(tree.get()));
}

std::vector<NodeId> SyntaxTree::Children(NodeId id, bool all) const {
  std::vector<NodeId> out;
  for (NodeId child = FirstChild(id); child != kNoNode; child = NextSibling(child)) {
    const SyntaxNode& node = nodes_[child];
    if (all || (node.named && node.role != Role::kComment)) out.push_back(child);
  }
  return out;
}

NodeId SyntaxTree::Child(NodeId id, Field field) const {
  for (NodeId child = FirstChild(id); child != kNoNode; child = NextSibling(child)) {
    if (nodes_[child].field == field) return child;
  }
  return kNoNode;
}

NodeId SyntaxTree::Child(NodeId id, Role role) const {
  for (NodeId child = FirstChild(id); child != kNoNode; child = NextSibling(child)) {
    if (nodes_[child].role == role) return child;
  }
  return kNoNode;
}

NodeId SyntaxTree::Ancestor(NodeId id, std::initializer_list<Role> roles) const {
  for (NodeId up = nodes_[id].parent; up != kNoNode; up = nodes_[up].parent) {
    if (std::find(roles.begin(), roles.end(), nodes_[up].role) != roles.end()) return up;
  }
  return kNoNode;
}

NodeId SyntaxTree::Covering(uint32_t start, uint32_t end) const {
  NodeId best = 0;
  for (NodeId child = FirstChild(best); child != kNoNode;) {
    const SyntaxNode& node = nodes_[child];
    if (node.start <= start && node.end >= end) {
      best = child;
      child = FirstChild(best);
    } else {
      child = node.start > start ? kNoNode : NextSibling(child);
    }
  }
  return best;
}

bool SyntaxTree::HasErrors() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const SyntaxNode& node) { return node.role == Role::kError; });
}

}  // namespace coditect::analysis
