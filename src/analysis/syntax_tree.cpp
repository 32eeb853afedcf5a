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

struct Tables {
  std::vector<Role> roles;    // by symbol
  std::vector<Field> fields;  // by field id
};

Tables MakeTables(const Language& language, const TSLanguage* grammar) {
  Tables tables;
  std::map<std::string_view, Role> roles;
  for (const KindRole& row : language.roles) roles[row.kind] = row.role;
  std::map<std::string_view, Field> fields;
  for (const FieldName& row : language.fields) fields[row.name] = row.field;
  for (uint32_t i = 0; i < ts_language_symbol_count(grammar); ++i) {
    if (ts_language_symbol_type(grammar, i) != TSSymbolTypeRegular) {
      tables.roles.push_back(Role::kToken);
      continue;
    }
    auto found = roles.find(ts_language_symbol_name(grammar, i));
    tables.roles.push_back(found == roles.end() ? Role::kOther : found->second);
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

SyntaxNode ToNode(const TSTreeCursor& cursor, const Tables& tables, NodeId parent) {
  TSNode node = ts_tree_cursor_current_node(&cursor);
  SyntaxNode out;
  uint16_t symbol = ts_node_symbol(node);
  out.named = ts_node_is_named(node);
  out.role = symbol < tables.roles.size() ? tables.roles[symbol] : Role::kError;
  if (ts_node_is_missing(node)) out.role = Role::kError;
  out.field = tables.fields[ts_tree_cursor_current_field_id(&cursor)];
  out.kind = symbol;
  out.start = ts_node_start_byte(node);
  out.end = ts_node_end_byte(node);
  out.line = ts_node_start_point(node).row + 1;
  TSPoint end = ts_node_end_point(node);
  out.end_line = end.column == 0 && end.row + 1 > out.line ? end.row : end.row + 1;
  out.parent = parent;
  return out;
}

std::vector<SyntaxNode> Flatten(TSTree* tree, const Tables& tables) {
  std::vector<SyntaxNode> nodes;
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
  NodeId parent = kNoNode;
  for (bool more = true; more;) {
    NodeId id = static_cast<NodeId>(nodes.size());
    nodes.push_back(ToNode(cursor, tables, parent));
    if (ts_tree_cursor_goto_first_child(&cursor)) {
      parent = id;
      continue;
    }
    nodes[id].subtree_end = id + 1;
    while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
      if (!ts_tree_cursor_goto_parent(&cursor)) {
        more = false;
        break;
      }
      nodes[parent].subtree_end = static_cast<NodeId>(nodes.size());
      parent = nodes[parent].parent;
    }
  }
  ts_tree_cursor_delete(&cursor);
  return nodes;
}

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
  auto nodes = Flatten(tree.get(), state_->tables);
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
