// What the C and C++ files of a repository declare, also where they do not compile.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "src/repair/compile_text.h"

namespace coditect::repair {

struct ParameterText {
  uint32_t start = 0;  // bytes [start, end) of the declaration without blanks around it
  uint32_t end = 0;
  std::string name;  // "" = none
  std::string type;  // its text without the name and the default, blanks between tokens single
  bool has_default = false;
};

/// A function that is declared or defined outside other functions.
struct FunctionText {
  size_t file = 0;    // index in CodeIndex::files
  std::string name;   // the last part: "area", "~Shape"
  std::string scope;  // namespaces and classes around and before it: "geo::Shape"; "" = none
  std::string owner;  // the class it belongs to, as far as the text tells; "" = none
  std::vector<ParameterText> parameters;
  uint32_t start = 0;       // of the whole declaration
  uint32_t name_start = 0;  // of the qualified name
  uint32_t last_start = 0;  // of `name`
  uint32_t name_end = 0;
  uint32_t open = 0;  // of the parameters: bytes between the parentheses
  uint32_t close = 0;
  uint32_t tail_end = 0;  // of what stands behind them: const, noexcept, …
  std::string tail;       // const and the like, not what is for one of both only
  uint32_t end = 0;       // of the declaration with `;`, or of the header before `{`
  uint32_t body_end = 0;  // definitions: behind the `}`
  bool definition = false;
  bool has_return = false;  // a type stands before the name, or none is needed

  size_t required() const {
    size_t count = 0;
    for (const ParameterText& one : parameters) count += one.has_default ? 0 : 1;
    return count;
  }
};

struct TypeText {
  size_t file = 0;
  std::string name;
  std::string scope;
  uint32_t open = 0;                 // offset of `{`, when it has members
  uint32_t close = 0;                // of `}`; 0 = declared only
  bool all_public = false;           // begins with public members
  std::vector<std::string> members;  // fields and functions
};

struct EnumText {
  size_t file = 0;
  std::vector<std::string> enumerators;
};

/// Every file that was given, read. Edits are made of its offsets.
class CodeIndex {
 public:
  explicit CodeIndex(std::vector<CodeText> files);

  const std::vector<CodeText>& files() const { return files_; }
  const std::vector<FunctionText>& functions() const { return functions_; }
  const std::vector<TypeText>& types() const { return types_; }
  const std::vector<EnumText>& enums() const { return enums_; }
  /// Position in files(); kNoToken when there is none.
  size_t FileOf(std::string_view path) const;

  /// Files in which `name` is declared at file, namespace or class level, macros included.
  const std::set<size_t>& DeclaredIn(std::string_view name) const;
  /// Namespaces in which it is declared ("geo", "" = none).
  const std::set<std::string>& NamespacesOf(std::string_view name) const;
  /// Files that `file` includes, directly or not, of those that were given; itself included.
  const std::set<size_t>& Includes(size_t file) const;
  /// Names of the file with how often each stands in it.
  const std::map<std::string, uint32_t, std::less<>>& NamesIn(size_t file) const {
    return names_[file];
  }
  /// How often `name` is called: stands before a parenthesis that is no declaration's.
  uint32_t Calls(std::string_view name) const;

 private:
  friend class IndexReader;
  void Resolve();
  void CountCalls();

  std::vector<CodeText> files_;
  std::vector<FunctionText> functions_;
  std::vector<TypeText> types_;
  std::vector<EnumText> enums_;
  std::map<std::string, std::set<size_t>, std::less<>> declared_;
  std::map<std::string, std::set<std::string>, std::less<>> namespaces_;
  std::vector<std::set<size_t>> includes_;
  std::vector<std::map<std::string, uint32_t, std::less<>>> names_;
  std::map<std::string, uint32_t, std::less<>> calls_;
};

bool IsHeaderPath(std::string_view path);

/// Words of the language that are no names.
bool IsKeyword(std::string_view word);

}  // namespace coditect::repair
