// What the rules of compile_rules.h share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/repair/compile_rules.h"

namespace coditect::repair {

/// One group under one look. Rules add to `out`.
struct RuleContext {
  const CodeIndex& index;
  const ErrorGroup& group;
  CompileSpace space;
  const std::set<std::string>& editable;
  std::vector<CompileProposal>* out;

  const Diagnostic& error() const { return group.errors.front(); }
  bool Says(std::string_view text) const;
  bool SaysOneOf(std::initializer_list<std::string_view> texts) const;
  void Propose(std::vector<SourceEdit> edits, std::string rule, double score) const;
};

/// What stands in quotes in a message, in order.
std::vector<std::string> QuotedIn(std::string_view message);

/// "geo::Shape::area(int) const" -> {"geo::Shape", "area"}: return type, parameters and template
/// arguments left out.
struct QualifiedName {
  std::string scope;
  std::string name;
};
QualifiedName NameOf(std::string_view signature);
/// The last part of a scope: "geo::Shape" -> "Shape".
std::string LastPart(const std::string& scope);

/// How alike two names are, in [0, 1]: by letters and by words. 1 only for the same.
double NameLikeness(std::string_view a, std::string_view b);

/// The token `name` on the error's line nearest to its column; kNoToken when it is not there.
size_t FindNameAt(const CodeText& code, const Diagnostic& at, std::string_view name);

/// Each error of the group with its file's index and the token of `name`.
struct NamePlace {
  size_t file = 0;
  size_t token = 0;
};
std::vector<NamePlace> PlacesOf(const RuleContext& context, std::string_view name);

SourceEdit Insert(const CodeText& code, uint32_t at, std::string text);
SourceEdit Replace(const CodeText& code, uint32_t start, uint32_t end, std::string text);
SourceEdit ReplaceToken(const CodeText& code, size_t token, std::string text);

/// Puts `#include` of `path` into the file where its like stand; nullopt when it is there.
std::optional<SourceEdit> InsertInclude(const CodeText& code, const std::string& path, bool quoted);
/// How `file` would write the include of header `header`, likely first.
std::vector<std::string> IncludeSpellings(const CodeIndex& index, size_t file, size_t header);

/// The function whose definition holds `offset`; null outside.
const FunctionText* FunctionAround(const CodeIndex& index, size_t file, uint32_t offset);

/// Arguments of the call whose `(` is token `open`: bytes [start, end) each.
std::vector<std::pair<uint32_t, uint32_t>> ArgumentsOf(const CodeText& code, size_t open);

/// Makes `of` say what `like` says: result, parameters, const. Empty when nothing differs.
std::vector<SourceEdit> AlignSignature(const CodeIndex& index, const FunctionText& of,
                                       const FunctionText& like);
/// The type in front of a function's name, without static, virtual and the like: bytes [start,
/// end).
std::pair<uint32_t, uint32_t> ResultRange(const CodeText& code, const FunctionText& function);
/// The declaration of a definition, with its `;`.
std::string PrototypeOf(const CodeText& code, const FunctionText& function, bool qualified);

/// The standard header that declares `name` (without `std::`); "" when it is in none known.
std::string_view StandardHeader(std::string_view name, bool cpp);
std::vector<std::string_view> StandardNames(bool cpp);
std::vector<std::string_view> StandardMembers();
std::vector<std::string_view> StandardHeaders(bool cpp);
/// True when the standard library declares it in `std` only (a vector, but not a printf).
bool IsInStd(std::string_view name);

bool IsCpp(const CodeIndex& index, size_t file);

// The rules, by what they look at.
void ProposeIncludes(const RuleContext& context);     // compile_rules_names.cpp
void ProposeNames(const RuleContext& context);        // compile_rules_names.cpp
void ProposeMembers(const RuleContext& context);      // compile_rules_members.cpp
void ProposeArguments(const RuleContext& context);    // compile_rules_calls.cpp
void ProposeSignatures(const RuleContext& context);   // compile_rules_signatures.cpp
void ProposeConstness(const RuleContext& context);    // compile_rules_signatures.cpp
void ProposeDefinitions(const RuleContext& context);  // compile_rules_signatures.cpp: the linker's
void ProposeMarks(const RuleContext& context);        // compile_rules_syntax.cpp
void ProposeBraces(const RuleContext& context);       // compile_rules_syntax.cpp
void ProposeTypes(const RuleContext& context);        // compile_rules_syntax.cpp

}  // namespace coditect::repair
