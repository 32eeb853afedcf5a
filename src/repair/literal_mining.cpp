// Literals of the failing tests.
#include "src/repair/literal_mining.h"

#include <algorithm>

#include "src/repair/call_reach.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

void AddOnce(std::vector<std::string>& list, std::string_view text) {
  if (list.size() >= kMinedLiteralsMax || text.size() > 200) return;
  if (std::find(list.begin(), list.end(), text) == list.end()) list.emplace_back(text);
}

/// A literal is an argument when a call whose result is compared stands around it; the arguments of
/// an assertion method itself are compared values.
bool IsArgument(const SyntaxTree& tree, NodeId literal, NodeId function) {
  for (NodeId up = tree[literal].parent; up != kNoNode && up != function; up = tree[up].parent) {
    if (tree[up].role != Role::kCall) continue;
    NodeId callee = tree.Child(up, Field::kFunction);
    std::string_view name = callee == kNoNode ? "" : tree.Text(callee);
    bool asserts = name.find("assert") != std::string_view::npos;
    for (std::string_view word : tree.language().assertions) asserts |= name.starts_with(word);
    if (!asserts) return true;
  }
  // In a decorator or a table nobody can tell: both.
  return false;
}

void Mine(const SyntaxTree& tree, NodeId function, MinedLiterals* out) {
  const NodeId end = tree[function].subtree_end;
  for (NodeId id = function; id < end; ++id) {
    Role role = tree[id].role;
    if (role == Role::kCall && !CalledName(tree, id).empty()) {
      out->called.emplace(CalledName(tree, id));
    }
    bool number = role == Role::kInteger || role == Role::kFloat;
    if (!number && role != Role::kString) continue;
    std::string_view text = tree.Text(id);
    bool plain_statement = tree.RoleOf(tree[id].parent) == Role::kExpressionStatement;
    if (plain_statement) continue;
    bool argument = IsArgument(tree, id, function);
    bool loose = tree.Ancestor(id, {Role::kAssert, Role::kCompare, Role::kCall}) == kNoNode ||
                 tree.Ancestor(id, {Role::kDecorator}) != kNoNode;
    if (argument || loose) AddOnce(number ? out->argument_numbers : out->argument_strings, text);
    if (!argument || loose) AddOnce(number ? out->expected_numbers : out->expected_strings, text);
  }
}

/// The test function's name in an id such as `a/b.py::Class::test_x[1]` or `module.Class.test_x`.
std::string_view FunctionOfId(std::string_view id) {
  id = id.substr(0, id.find('['));
  size_t at = id.find_last_of(":.");
  return at == std::string_view::npos ? id : id.substr(at + 1);
}

/// The function around a line, or the outermost block where a macro stands for its head; kNoNode
/// at the top of the file.
NodeId FunctionAround(const SourceModel& model, uint32_t line) {
  const analysis::Symbol* innermost = nullptr;
  for (const analysis::Symbol& symbol : model.symbols()) {
    if (symbol.kind == analysis::Symbol::Kind::kClass) continue;
    if (symbol.first_line <= line && line <= symbol.last_line) innermost = &symbol;
  }
  if (innermost != nullptr) return innermost->node;
  const SyntaxTree& tree = model.tree();
  for (NodeId id = 0; id < tree.size(); ++id) {
    if (tree[id].role != Role::kBlock || tree[id].line > line || line > tree[id].end_line) continue;
    if (tree.Ancestor(id, {Role::kClass}) == kNoNode &&
        tree.RoleOf(tree[id].parent) != Role::kClass) {
      return id;
    }
  }
  return kNoNode;
}

/// The functions around the places of the failure and, in turn, those that name them.
std::set<NodeId> FunctionsOfFailure(const SourceModel& model, const TestCase& failing) {
  std::set<NodeId> functions;
  for (const StackFrame& frame : failing.stack) {
    if (frame.file != model.path()) continue;
    if (const NodeId node = FunctionAround(model, frame.line); node != kNoNode) {
      functions.insert(node);
    }
  }
  const SyntaxTree& tree = model.tree();
  bool more = !functions.empty();
  while (more) {
    std::set<std::string_view> names;
    for (const analysis::Symbol& symbol : model.symbols()) {
      if (functions.contains(symbol.node)) names.insert(symbol.name);
    }
    const size_t before = functions.size();
    for (NodeId id = 0; id < tree.size(); ++id) {
      if (tree[id].role != Role::kIdentifier || !names.contains(tree.Text(id))) continue;
      const analysis::Symbol* caller = model.FunctionOf(id);
      if (caller != nullptr) functions.insert(caller->node);
    }
    more = functions.size() > before;
  }
  return functions;
}

}  // namespace

MinedLiterals MineLiterals(const std::vector<SourceText>& tests,
                           const std::vector<TestCase>& failing) {
  MinedLiterals out;
  for (const SourceText& test : tests) {
    auto model = SourceModel::Create(test);
    if (!model.ok()) continue;  // a test file of another kind has no literals for us
    std::set<NodeId> done;
    for (const TestCase& item : failing) {
      const bool whole = item.id == test.path;
      const bool failed_here = std::ranges::any_of(
          item.stack, [&](const auto& frame) { return frame.file == test.path; });
      if (!whole && !failed_here && !item.file.empty() && item.file != test.path) continue;
      std::set<NodeId> functions;
      for (const analysis::Symbol& symbol : (*model)->symbols()) {
        if (symbol.kind == analysis::Symbol::Kind::kClass) continue;
        if (symbol.name != FunctionOfId(item.id)) continue;
        const SyntaxTree& tree = (*model)->tree();
        const NodeId around = tree[symbol.node].parent;
        functions.insert(tree.RoleOf(around) == Role::kDecorated ? around : symbol.node);
      }
      if (functions.empty() && !whole) functions = FunctionsOfFailure(**model, item);
      // A file that failed while it was collected is its own test.
      if (functions.empty() && (whole || item.file == test.path)) functions.insert(0);
      for (const NodeId node : functions) {
        if (done.insert(node).second) Mine((*model)->tree(), node, &out);
      }
    }
  }
  return out;
}

bool PlainString(std::string_view literal, std::string* content) {
  if (literal.size() < 2) return false;
  char quote = literal.front();
  if ((quote != '\'' && quote != '"') || literal.back() != quote) return false;
  std::string_view inner = literal.substr(1, literal.size() - 2);
  if (inner.starts_with(std::string(2, quote))) return false;  // triple quotes
  if (inner.find('\\') != std::string_view::npos || inner.find(quote) != std::string_view::npos) {
    return false;
  }
  *content = inner;
  return true;
}

std::string QuoteLike(std::string_view content, std::string_view like, std::string_view quotes) {
  char quote = like.find('"') != std::string_view::npos ? '"' : '\'';
  if (quotes.size() > 1 && content.find(quote) != std::string_view::npos)
    quote = quote == '"' ? '\'' : '"';
  std::string out(1, quote);
  for (char c : content) {
    if (c == quote || c == '\\') out += '\\';
    out += c;
  }
  return out + quote;
}

}  // namespace coditect::repair
