// One source file as the operators see it: tree, statements, symbols, names and the kinds of
// values.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/analysis/scope.h"
#include "src/analysis/statements.h"
#include "src/analysis/symbols.h"
#include "src/analysis/syntax_tree.h"
#include "src/ports/test_harness.h"

namespace coditect::repair {

using analysis::Kinds;
using analysis::kNoNode;
using analysis::NodeId;
using analysis::Role;
using analysis::Statement;

/// Larger files are not repaired: no person reads a patch in them either.
inline constexpr size_t kRepairFileBytesMax = 2u << 20;

struct SourceText {
  std::string path;
  std::string text;
};

/// Replaces bytes [start, end).
struct Splice {
  uint32_t start = 0;
  uint32_t end = 0;
  std::string text;

  bool operator==(const Splice&) const = default;
};

/// `text` after the splices (ascending, not overlapping).
std::string Apply(std::string_view text, const std::vector<Splice>& splices);

/// Fingerprint of a text by a polynomial modulo 2^61 - 1; that of a spliced text costs only the
/// splices' length.
class TextHash {
 public:
  explicit TextHash(std::string_view text);
  uint64_t Of(const std::vector<Splice>& splices) const;

 private:
  uint64_t Append(uint64_t hash, uint32_t start, uint32_t end) const;
  std::vector<uint64_t> prefix_;  // hash of the first i bytes
  std::vector<uint64_t> power_;
};

struct DeclaredFunction {
  std::string name;
  std::string owner;    // its class; "" = none
  size_t required = 0;  // arguments, at least
  size_t most = 0;
};

/// What a file and its includes declare, where the language has headers.
struct DeclaredNames {
  std::vector<DeclaredFunction> functions;
  std::vector<std::vector<std::string>> constants;  // those of one kind together, in their order
};

/// Immutable. Not movable, since its parts refer to its tree.
class SourceModel {
 public:
  /// RESOURCE_EXHAUSTED when the file is too large or too broken to parse; INVALID_ARGUMENT when
  /// its language has no table.
  static StatusOr<std::unique_ptr<SourceModel>> Create(const SourceText& source);

  const std::string& path() const { return path_; }
  const analysis::SyntaxTree& tree() const { return tree_; }
  const analysis::Language& language() const { return tree_.language(); }
  const std::vector<Statement>& statements() const { return statements_; }
  const std::vector<analysis::Symbol>& symbols() const { return symbols_; }
  const analysis::ScopeTable& scope() const { return scope_; }
  const TextHash& hash() const { return hash_; }
  std::string_view Text(NodeId id) const { return tree_.Text(id); }

  /// The innermost function around a node; null at module or class level.
  const analysis::Symbol* FunctionOf(NodeId id) const {
    return analysis::FunctionAt(symbols_, tree_[id].start);
  }
  /// "Class.method", or "" at module or class level.
  std::string FunctionName(NodeId id) const;

  /// Adds what a run showed of the names in this file.
  void Observe(const std::vector<ObservedName>& names);

  void Declare(DeclaredNames names) { declared_ = std::move(names); }
  const DeclaredNames& declared() const { return declared_; }

  /// Kinds a name may have at a node; 0 = unknown.
  Kinds KindsOfName(std::string_view name, NodeId at) const;
  /// Kinds an expression may have; 0 = unknown. Looks at most a few levels deep.
  Kinds KindsOf(NodeId expression, int depth = 0) const;

  /// Kinds of the elements of a container, a pointer or a text; 0 = unknown.
  Kinds ElementKindsOf(NodeId expression) const;
  /// Kinds the function around a node returns, where that is declared; 0 = unknown.
  Kinds ReturnKindsAt(NodeId node) const;

  /// A name of the language's library as this file writes it: "std::max" is "max" where all of
  /// `std` is imported.
  std::string Written(std::string_view name) const;

 private:
  SourceModel(std::string path, analysis::SyntaxTree tree);
  void InferNames();
  Kinds KindsOfCall(NodeId call, int depth) const;
  Kinds KindsOfBinary(NodeId binary, int depth) const;
  std::string DeclaredType(NodeId expression, int depth) const;

  std::string path_;
  analysis::SyntaxTree tree_;
  std::vector<Statement> statements_;
  std::vector<analysis::Symbol> symbols_;
  analysis::ScopeTable scope_;
  TextHash hash_;
  std::map<std::pair<std::string, std::string>, Kinds> kinds_;        // (function, name)
  std::map<std::pair<std::string, std::string>, std::string> types_;  // as they are declared
  DeclaredNames declared_;
  bool library_imported_ = false;
};

/// True when a value of kinds `a` may stand where one of kinds `b` stood.
bool Compatible(Kinds a, Kinds b);

}  // namespace coditect::repair
