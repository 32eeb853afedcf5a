// What a language looks like to analysis and repair: one table a language, read by code that is
// written once on roles.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

struct TSLanguage;  // of tree-sitter; opaque here

namespace coditect::analysis {

/// What a node of a syntax tree is, whatever its language calls it.
enum class Role : uint8_t {
  kOther,  // a named node no rule needs
  kToken,  // a keyword, an operator or a bracket
  kError,  // the parser did not understand
  kComment,
  // Structure.
  kModule,
  kBlock,
  kFunction,
  kClass,
  kDecorated,
  kDecorator,
  kParameters,
  kParameter,  // with a default or a type; a bare one is an identifier below kParameters
  kType,
  // Statements and the clauses that carry blocks.
  kExpressionStatement,
  kReturn,
  kIf,
  kElif,
  kElse,
  kFor,
  kWhile,
  kBreak,
  kContinue,
  kPass,
  kRaise,
  kAssert,
  kDelete,
  kTry,
  kExcept,
  kFinally,
  kWith,
  kMatch,
  kCase,
  kSection,  // a label of a `switch` with the statements behind it
  kDo,
  kDoCondition,  // what stands behind the block of a `do`
  kDeclaration,
  kLeftAlone,  // of the preprocessor: never edited
  kImport,
  kImportFrom,
  kGlobal,  // declares names of an outer scope
  kOtherStatement,
  // Expressions.
  kAssignment,
  kAugmentedAssignment,
  kCompare,
  kBinary,
  kBoolean,
  kNot,
  kUnary,
  kUpdate,  // `i++`
  kCast,
  kCall,
  kArguments,
  kKeywordArgument,
  kSubscript,
  kSlice,
  kAttribute,
  kConditional,
  kParenthesized,
  kLambda,
  kComprehension,
  kGenerator,  // a comprehension without brackets of a container
  kComprehensionFor,
  kComprehensionIf,
  kYield,
  kAwait,
  kNamedExpression,
  kExpressionList,
  kPatternList,
  kSplat,
  // Literals and names.
  kIdentifier,
  kInteger,
  kFloat,
  kString,
  kCharacter,
  kStringPart,
  kInterpolation,
  kTrue,
  kFalse,
  kNull,
  kList,
  kTuple,
  kSet,
  kDictionary,
  kPair,
  kDottedName,
  kAlias,
  kRelativeName,
};

/// The part a node plays in its parent.
enum class Field : uint8_t {
  kNone,
  kAlias,
  kAlternative,
  kArgument,
  kArguments,
  kAttribute,
  kBody,
  kCondition,
  kConsequence,
  kDefinition,
  kFunction,
  kKey,
  kLeft,
  kModuleName,
  kName,
  kObject,
  kOperator,
  kParameters,
  kReturnType,
  kRight,
  kSubscript,
  kSuperclasses,
  kType,
  kValue,
};

/// Kinds of values, as bits; 0 = unknown, compatible with everything.
enum Kind : uint32_t {
  kInt = 1,
  kReal = 2,
  kBool = 4,
  kText = 8,
  kBytes = 16,
  kListKind = 32,
  kTupleKind = 64,
  kSetKind = 128,
  kDictKind = 256,
  kNone = 512,
  kCallable = 1024,
  kIterator = 2048,
  kObject = 4096,
  kLetter = 8192,  // one character, where that is no text
};
using Kinds = uint32_t;
inline constexpr Kinds kNumber = kInt | kReal;
inline constexpr Kinds kSequence = kText | kListKind | kTupleKind;
inline constexpr Kinds kCollection = kSequence | kBytes | kSetKind | kDictKind;
inline constexpr Kinds kIterable = kCollection | kIterator;

/// What becomes of a node of the grammar.
enum class Shape : uint8_t {
  kNode,
  kLeaf,         // its children say nothing to us
  kTransparent,  // its children are its parent's
  kDirective,    // the same, but for those on its first line, which are dropped
  kCondition,    // transparent brackets around a condition
  kBrackets,     // the same where the grammar says that a condition stands in them
  kNumber,       // kInteger or, by its text, kFloat
};

struct KindRole {
  std::string_view kind;  // the grammar's name of the node
  Role role;
  Shape shape = Shape::kNode;
};

using Words = std::span<const std::string_view>;

/// A node whose role is decided by its operator.
struct OperatorRole {
  std::string_view kind;
  Words operators;
  Role role;
};

struct FieldName {
  std::string_view name;
  Field field;
};

/// Something callable that everybody knows.
struct KnownCall {
  std::string_view name;
  bool method = false;
  Kinds subject = 0;  // of the receiver or of the first argument
  Kinds result = 0;   // 0 = that of the subject
  double prior = 0;   // how often a missing call of it is the bug; 0 = only its kinds are used
};

/// Kinds by the name a type has at run time.
struct KindName {
  std::string_view name;
  Kinds kinds;
};

/// How the language writes what the operators insert. In a pattern `$i` is the indentation of the
/// statement, `$t` one step more, `$c` a condition, `$s` a statement, `$e` an expression. What a
/// language does not have is empty, and nothing is proposed with it.
struct Spelling {
  std::string_view logical_and, logical_or, logical_not;
  std::string_view equal, not_equal, contains, contains_not, identical, identical_not;
  std::string_view true_literal, false_literal, null_literal;
  std::string_view empty_statement;
  std::string_view indent_step;
  std::string_view if_statement;    // one statement under a condition
  std::string_view else_clause;     // after the last statement of an `if`
  std::string_view return_value;    // "return $e"
  std::string_view assignment;      // "$n = $e"
  std::string_view clause_context;  // makes a clause (`elif c:`) parse alone; $s is the clause
  std::string_view section_context, do_condition_context;  // the same
  std::string_view statement_context;  // makes a statement parse alone; empty: it does
  std::string_view empty_body;         // after the header of a compound statement
  std::string_view nested_context;     // makes an indented definition parse alone; $i$s is its text
  std::string_view self_name;
  std::string_view empty_list, empty_text;
  std::string_view text_quotes;  // likely first; a second one spares an escape
  std::string_view if_keyword, elif_keyword, while_keyword, return_keyword;
  std::string_view yield_keyword, delegate_keyword;
  std::string_view break_statement, continue_statement, return_statement;
  std::string_view increment, decrement;   // "$n += 1"
  std::string_view add_to;                 // "$n += $e"
  std::string_view filter;                 // " if $c" at the end of a comprehension
  std::string_view length;                 // "len($e)"
  std::string_view first_item, last_item;  // "$e[0]"
  /// Whether $k is in the set, text or list $e, where there is no operator for it.
  std::string_view set_contains, text_contains, list_contains;
  /// What the names of the library begin with, unless the file imports them all by the other.
  std::string_view library_prefix, library_import;
  std::string_view sorted_by;                       // "sorted($e, key=$k)"
  std::string_view key_argument;                    // "key=$k"
  std::string_view key_name;                        // "key"
  std::string_view key_lookup, key_lookup_reverse;  // an order by the table $e
};

/// How programs of a language are built, where that is not the same everywhere.
struct Form {
  /// Statements end themselves, blocks have brackets and are scopes, indentation says nothing,
  /// and lines that begin with `#` are not of the language.
  bool braces = false;
  bool negative_indices = false;
  bool slices = false;
  bool chained_compare = false;
  bool bits_bind_loosely = false;  // `a & b == c` is `a & (b == c)`
  bool not_binds_tightly = false;  // `!a < b` is `(!a) < b`
};

struct Language {
  std::string_view name;
  Words extensions;
  const TSLanguage* (*grammar)();
  std::span<const KindRole> roles;
  std::span<const OperatorRole> operator_roles;
  std::span<const FieldName> fields;
  Form form;
  Spelling spelling;
  Words compare_operators;  // in an order in which neighbours are likely slips
  Words arithmetic_operators;
  Words bit_operators;
  std::span<const Words> call_families;    // functions mistaken for each other
  std::span<const Words> method_families;  // methods mistaken for each other
  std::span<const Words> keyword_families;
  std::span<const KnownCall> calls;
  std::span<const KindName> kind_names;
  Words sort_keys;        // likely first
  Words builtins;         // names that are always visible
  Words sort_functions;   // take a key; a method begins with a dot
  Words extremes;         // functions of two values that choose one
  Words range_functions;  // whose first argument may be left out
  Words joins;            // a list of texts as one: "''.join($e)"
  Words in_place;         // statements that change a list: "$n.sort()"
  Words assertions;       // what a callee that asserts begins with
  Words element_methods;  // whose result is an element of the receiver
  Words slice_calls;      // parts of the text $e by the number $i, where there are no slices
};

/// The language of a file by its extension; null when none of ours.
const Language* LanguageOf(std::string_view path);

/// The language by its name ("python"); null when unknown.
const Language* FindLanguage(std::string_view name);

}  // namespace coditect::analysis
