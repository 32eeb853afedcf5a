// A repair operator: one kind of slip a programmer makes, undone by one typed edit.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/repair/literal_mining.h"
#include "src/repair/source_model.h"

namespace coditect::repair {

/// The three hypotheses a team tries about one group of failures; each is one coder's task.
enum class Space : uint8_t { kEdits, kSynthesis, kPairs };

/// At most so many edits of one operator at one statement.
inline constexpr size_t kProposalsPerCellMax = 600;

/// How tightly an expression binds: what needs parentheses where.
enum Level : int {
  kLambdaLevel,
  kLogicalLevel,
  kCompareLevel,
  kBinaryLevel,
  kUnaryLevel,
  kAtomLevel
};

/// A small expression that a site can see.
struct Atom {
  std::string text;
  Kinds kinds = 0;
  double weight = 0;  // in (0, 3]: how likely it is meant here; above 1 when nothing else uses it
  analysis::NameOrigin origin = analysis::NameOrigin::kLocal;
  bool attribute = false;
};

/// A synthesized or donated piece of code.
struct Phrase {
  std::string text;
  Level level = kAtomLevel;
  double weight = 0;
};

struct Proposal {
  std::vector<Splice> splices;
  double factor = 0;  // likelihood beside other proposals of its operator, in (0, 3]
};

/// Collects what an operator proposes at one site. Drops what changes nothing.
class Proposals {
 public:
  explicit Proposals(const SourceModel& source) : source_(source) {}

  /// Replaces an expression; puts parentheses around `text` where its level needs them.
  void Replace(NodeId node, std::string_view text, double factor, Level level = kAtomLevel);
  void ReplaceToken(NodeId node, std::string_view text, double factor);
  void Edit(uint32_t start, uint32_t end, std::string_view text, double factor);
  void Edit(std::vector<Splice> splices, double factor);

  /// Best first; at most kProposalsPerCellMax.
  std::vector<Proposal> Take();

 private:
  const SourceModel& source_;
  std::vector<Proposal> items_;
};

/// What is the same for all sites of one search.
struct SearchContext {
  MinedLiterals literals;
};

/// One statement and what can be seen from it. Cheap lookups are kept for the operators that share
/// them.
class Site {
 public:
  Site(const SourceModel& source, size_t statement, const SearchContext& context);

  const SourceModel& source() const { return source_; }
  const analysis::SyntaxTree& tree() const { return source_.tree(); }
  const analysis::Language& language() const { return source_.language(); }
  const analysis::Spelling& spelling() const { return source_.language().spelling; }
  const analysis::Form& form() const { return source_.language().form; }
  const SearchContext& context() const { return context_; }
  const Statement& statement() const { return source_.statements()[index_]; }
  size_t index() const { return index_; }
  Role role() const { return tree()[statement().node].role; }
  std::string_view Text(NodeId id) const { return tree().Text(id); }
  std::string_view indent() const { return indent_; }
  bool own_line() const { return own_line_; }

  /// Nodes of the statement's own text, without nested blocks, in pre-order.
  const std::vector<NodeId>& nodes() const { return nodes_; }
  /// Those that are expressions whose value is used (no targets, no names of definitions).
  const std::vector<NodeId>& expressions() const { return expressions_; }

  /// Names and attributes visible at a node, best first.
  const std::vector<Atom>& AtomsAt(NodeId node) const;
  /// Atoms that are values (no functions, classes or modules) of the kinds.
  std::vector<Atom> ValuesAt(NodeId node, Kinds kinds) const;
  /// Functions of the repository and of the file that can be called with `arity` arguments.
  std::vector<Atom> FunctionsAt(NodeId node, size_t arity) const;
  /// Conditions that might be meant at a node: of the function, of the file and synthesized.
  const std::vector<Phrase>& ConditionsAt(NodeId node) const;
  /// Integer literals of the function and the tests besides 0 and 1, best first.
  std::vector<Phrase> Integers() const;
  /// Character literals of the function and the file, best first.
  std::vector<Phrase> Characters() const;
  /// String literals of the function and the file, best first.
  std::vector<Phrase> Strings(NodeId node) const;

  /// Kinds that fit in the place of an expression, where types are declared; 0 = any.
  Kinds Expected(NodeId expression) const;

  /// The function's own range of nodes, or the module's.
  NodeId FunctionNode() const;
  bool InLoop() const;
  /// Whether the text of `node` only uses names visible at `at`.
  bool NamesVisible(NodeId node, NodeId at) const;

 private:
  std::vector<Atom> MakeAtoms(NodeId node) const;
  void AddAttributes(NodeId node, std::vector<Atom>* atoms) const;
  NodeId ScopeKey(NodeId node) const;

  const SourceModel& source_;
  size_t index_;
  const SearchContext& context_;
  std::string_view indent_;
  bool own_line_ = false;
  std::vector<NodeId> nodes_;
  std::vector<NodeId> expressions_;
  mutable std::map<NodeId, std::vector<Atom>> atoms_;
  mutable std::map<NodeId, std::vector<Phrase>> conditions_;
};

struct Operator {
  std::string_view id;      // "compare.operator"
  std::string_view phrase;  // what the edit is, for people: "comparison"
  Space space = Space::kEdits;
  double prior = 0;  // in (0, 1]: how often this slip is the bug
  void (*generate)(const Site&, Proposals&) = nullptr;
};

/// Every operator, once. Order is part of the search order.
std::span<const Operator> Operators();

/// Binding strength of an expression.
Level LevelOf(const analysis::SyntaxTree& tree, NodeId id);
/// What an expression needs to be to stand in the place of `id` without parentheses.
Level LevelNeeded(const analysis::SyntaxTree& tree, NodeId id);
/// The condition of a conditional expression and its two values; kNoNode for what is missing.
struct ConditionalParts {
  NodeId condition = kNoNode, yes = kNoNode, no = kNoNode;
};
ConditionalParts PartsOf(const analysis::SyntaxTree& tree, NodeId conditional);

/// The opposite of a condition.
Phrase Negated(const analysis::Language& language, std::string_view text, Level level);

/// True when a call that takes `subject` can be given a value of the kinds.
bool Takes(Kinds subject, Kinds kinds);

/// True when the language has the operator.
bool HasOperator(const analysis::Language& language, std::string_view sign);

/// `text`, in parentheses when `level` is below `needed`.
std::string Fit(std::string_view text, Level level, Level needed);

/// True when `name` is one of the words; a word that begins with a dot is the end of a method call.
bool IsOneOf(analysis::Words words, std::string_view name);

/// `pattern` with `$x` replaced by the value given for x.
std::string FillIn(std::string_view pattern,
                   std::initializer_list<std::pair<char, std::string_view>> values);

/// Conditions synthesized from atoms; condition_pool.cpp.
std::vector<Phrase> MakeConditions(const Site& site, NodeId at);

}  // namespace coditect::repair
