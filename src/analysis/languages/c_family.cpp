// C and C++: one table of node kinds and well-known calls, two grammars (in C, `class` and `new`
// are names, and parameters may be declared behind the list).
#include "src/analysis/languages/languages.h"

extern "C" const TSLanguage* tree_sitter_c();
extern "C" const TSLanguage* tree_sitter_cpp();

namespace coditect::analysis {
namespace {

constexpr KindRole kCFamilyRoles[] = {
    {"comment", Role::kComment},
    {"translation_unit", Role::kModule},
    {"compound_statement", Role::kBlock},
    {"field_declaration_list", Role::kBlock},
    {"function_definition", Role::kFunction},
    {"class_specifier", Role::kClass},
    {"struct_specifier", Role::kClass},
    {"union_specifier", Role::kClass},
    {"parameter_list", Role::kParameters},
    {"parameter_declaration", Role::kParameter},
    {"optional_parameter_declaration", Role::kParameter},
    {"variadic_parameter_declaration", Role::kParameter},
    // Types.
    {"primitive_type", Role::kType, Shape::kLeaf},
    {"sized_type_specifier", Role::kType, Shape::kLeaf},
    {"type_identifier", Role::kType, Shape::kLeaf},
    {"template_type", Role::kType, Shape::kLeaf},
    {"placeholder_type_specifier", Role::kType, Shape::kLeaf},
    {"auto", Role::kType, Shape::kLeaf},
    {"decltype", Role::kType, Shape::kLeaf},
    {"dependent_type", Role::kType, Shape::kLeaf},
    {"type_descriptor", Role::kType, Shape::kLeaf},
    {"enum_specifier", Role::kType, Shape::kLeaf},
    {"namespace_identifier", Role::kType, Shape::kLeaf},
    {"nested_namespace_specifier", Role::kType, Shape::kLeaf},
    {"template_argument_list", Role::kType, Shape::kLeaf},
    {"template_parameter_list", Role::kType, Shape::kLeaf},
    {"type_qualifier", Role::kType, Shape::kLeaf},
    {"storage_class_specifier", Role::kType, Shape::kLeaf},
    {"attribute_declaration", Role::kType, Shape::kLeaf},
    {"attribute_specifier", Role::kType, Shape::kLeaf},
    {"trailing_return_type", Role::kType, Shape::kLeaf},
    {"base_class_clause", Role::kType, Shape::kLeaf},
    {"noexcept", Role::kType, Shape::kLeaf},
    {"lambda_capture_specifier", Role::kType, Shape::kLeaf},
    {"ms_declspec_modifier", Role::kType, Shape::kLeaf},
    // What is around a name or a definition.
    {"template_declaration", Role::kOther, Shape::kTransparent},
    {"namespace_definition", Role::kOther, Shape::kTransparent},
    {"linkage_specification", Role::kOther, Shape::kTransparent},
    {"declaration_list", Role::kOther, Shape::kTransparent},
    {"attributed_statement", Role::kOther, Shape::kTransparent},
    {"labeled_statement", Role::kOther, Shape::kTransparent},
    {"pointer_declarator", Role::kOther, Shape::kTransparent},
    {"reference_declarator", Role::kOther, Shape::kTransparent},
    {"array_declarator", Role::kOther, Shape::kTransparent},
    {"function_declarator", Role::kOther, Shape::kTransparent},
    {"abstract_function_declarator", Role::kOther, Shape::kTransparent},
    {"attributed_declarator", Role::kOther, Shape::kTransparent},
    {"variadic_declarator", Role::kOther, Shape::kTransparent},
    {"subscript_argument_list", Role::kOther, Shape::kTransparent},
    {"condition_clause", Role::kOther, Shape::kCondition},
    // The preprocessor.
    {"preproc_if", Role::kOther, Shape::kDirective},
    {"preproc_ifdef", Role::kOther, Shape::kDirective},
    {"preproc_elif", Role::kOther, Shape::kDirective},
    {"preproc_elifdef", Role::kOther, Shape::kDirective},
    {"preproc_else", Role::kOther, Shape::kDirective},
    {"preproc_include", Role::kImport},
    {"preproc_def", Role::kLeftAlone, Shape::kLeaf},
    {"preproc_function_def", Role::kLeftAlone, Shape::kLeaf},
    {"preproc_call", Role::kLeftAlone, Shape::kLeaf},
    {"gnu_asm_expression", Role::kLeftAlone, Shape::kLeaf},
    // Statements.
    {"expression_statement", Role::kExpressionStatement},
    {"declaration", Role::kDeclaration},
    {"field_declaration", Role::kDeclaration},
    {"condition_declaration", Role::kDeclaration},
    {"return_statement", Role::kReturn},
    {"co_return_statement", Role::kReturn},
    {"if_statement", Role::kIf},
    {"else_clause", Role::kElse},
    {"for_statement", Role::kFor},
    {"for_range_loop", Role::kFor},
    {"while_statement", Role::kWhile},
    {"do_statement", Role::kDo},
    {"switch_statement", Role::kMatch},
    {"case_statement", Role::kSection},
    {"break_statement", Role::kBreak},
    {"continue_statement", Role::kContinue},
    {"goto_statement", Role::kOtherStatement},
    {"throw_statement", Role::kRaise},
    {"try_statement", Role::kTry},
    {"catch_clause", Role::kExcept},
    {"static_assert_declaration", Role::kOtherStatement},
    {"using_declaration", Role::kOtherStatement},
    {"alias_declaration", Role::kOtherStatement},
    {"type_definition", Role::kOtherStatement},
    // Expressions.
    {"init_declarator", Role::kAssignment},
    {"assignment_expression", Role::kAugmentedAssignment},
    {"binary_expression", Role::kBinary},
    {"unary_expression", Role::kUnary},
    {"pointer_expression", Role::kUnary},
    {"update_expression", Role::kUpdate},
    {"cast_expression", Role::kCast},
    {"call_expression", Role::kCall},
    {"argument_list", Role::kArguments},
    {"subscript_expression", Role::kSubscript},
    {"field_expression", Role::kAttribute},
    {"conditional_expression", Role::kConditional},
    {"parenthesized_expression", Role::kParenthesized, Shape::kBrackets},
    {"lambda_expression", Role::kLambda},
    {"comma_expression", Role::kExpressionList},
    {"initializer_list", Role::kList},
    {"structured_binding_declarator", Role::kPatternList},
    {"parameter_pack_expansion", Role::kSplat},
    {"co_await_expression", Role::kAwait},
    // Names and literals.
    {"identifier", Role::kIdentifier},
    {"field_identifier", Role::kIdentifier},
    {"qualified_identifier", Role::kIdentifier, Shape::kLeaf},
    {"template_function", Role::kIdentifier, Shape::kLeaf},
    {"template_method", Role::kIdentifier, Shape::kLeaf},
    {"destructor_name", Role::kIdentifier, Shape::kLeaf},
    {"operator_name", Role::kIdentifier, Shape::kLeaf},
    {"this", Role::kIdentifier, Shape::kLeaf},
    {"field_designator", Role::kOther, Shape::kLeaf},
    {"number_literal", Role::kInteger, Shape::kNumber},
    {"string_literal", Role::kString, Shape::kLeaf},
    {"raw_string_literal", Role::kString, Shape::kLeaf},
    {"char_literal", Role::kCharacter, Shape::kLeaf},
    {"true", Role::kTrue, Shape::kLeaf},
    {"false", Role::kFalse, Shape::kLeaf},
    {"null", Role::kNull, Shape::kLeaf},
};

constexpr std::string_view kPlainAssign[] = {"="};
constexpr std::string_view kCompares[] = {"<", "<=", ">", ">=", "==", "!=", "not_eq"};
constexpr std::string_view kLogical[] = {"&&", "||", "and", "or"};
constexpr std::string_view kNots[] = {"!", "not"};
constexpr OperatorRole kCFamilyOperators[] = {
    {"assignment_expression", kPlainAssign, Role::kAssignment},
    {"binary_expression", kCompares, Role::kCompare},
    {"binary_expression", kLogical, Role::kBoolean},
    {"unary_expression", kNots, Role::kNot},
};

constexpr FieldName kCFamilyFields[] = {
    {"alternative", Field::kAlternative},
    {"argument", Field::kArgument},
    {"arguments", Field::kArguments},
    {"body", Field::kBody},
    {"condition", Field::kCondition},
    {"consequence", Field::kConsequence},
    {"declarator", Field::kName},
    {"default_value", Field::kValue},
    {"field", Field::kAttribute},
    {"function", Field::kFunction},
    {"index", Field::kSubscript},
    {"left", Field::kLeft},
    {"name", Field::kName},
    {"operator", Field::kOperator},
    {"parameters", Field::kParameters},
    {"path", Field::kModuleName},
    {"right", Field::kRight},
    {"type", Field::kType},
    {"value", Field::kValue},
};

constexpr std::string_view kCExtensions[] = {".c"};
constexpr std::string_view kCppExtensions[] = {".cpp", ".cc", ".cxx", ".h", ".hh", ".hpp", ".hxx"};
constexpr std::string_view kCFamilyCompare[] = {"<", "<=", ">", ">=", "==", "!="};
constexpr std::string_view kCFamilyArithmetic[] = {"+", "-", "*", "/", "%"};
constexpr std::string_view kCFamilyBits[] = {"&", "|", "^", "<<", ">>"};

constexpr std::string_view kMinMax[] = {"min", "max", "fmin", "fmax"};
constexpr std::string_view kIsCase[] = {"isupper", "islower"};
constexpr std::string_view kIsKind[] = {"isalpha", "isdigit", "isalnum", "isspace",
                                        "ispunct", "isupper", "islower"};
constexpr std::string_view kToCase[] = {"toupper", "tolower"};
constexpr std::string_view kRounds[] = {"floor", "ceil", "round", "trunc"};
constexpr std::string_view kRoots[] = {"sqrt", "cbrt", "abs", "fabs"};
constexpr std::string_view kMagnitudes[] = {"pow", "exp", "log", "log2", "log10", "sqrt"};
constexpr std::string_view kCFamilyAngles[] = {"sin", "cos", "tan", "asin", "acos", "atan"};
constexpr std::string_view kToNumbers[] = {"stoi", "stol", "stoll", "stod", "atoi", "atol", "atof"};
constexpr std::string_view kComparesText[] = {"strcmp", "strncmp", "strcasecmp", "memcmp"};
constexpr std::string_view kCopiesText[] = {"strcpy", "strncpy", "strcat", "strncat"};
constexpr std::string_view kCopiesBytes[] = {"memcpy", "memmove", "memset"};
constexpr std::string_view kFindsText[] = {"strchr", "strrchr", "strstr", "strpbrk"};
constexpr std::string_view kSpans[] = {"strspn", "strcspn"};
constexpr std::string_view kAllocates[] = {"malloc", "calloc", "realloc"};
constexpr std::string_view kBounds[] = {"lower_bound", "upper_bound"};
constexpr std::string_view kQuantifies[] = {"any_of", "all_of", "none_of"};
constexpr std::string_view kElements[] = {"min_element", "max_element"};
constexpr std::string_view kSorts[] = {"sort", "stable_sort", "reverse", "partial_sort"};
constexpr std::string_view kFindsIf[] = {"find_if", "find_if_not", "count_if"};
constexpr std::string_view kPermutes[] = {"next_permutation", "prev_permutation"};
constexpr std::string_view kDivides[] = {"gcd", "lcm"};
constexpr Words kCFamilyCalls[] = {
    kMinMax,     kIsCase,        kIsKind,    kToCase,       kRounds,     kRoots,
    kMagnitudes, kCFamilyAngles, kToNumbers, kComparesText, kCopiesText, kCopiesBytes,
    kFindsText,  kSpans,         kAllocates, kBounds,       kQuantifies, kElements,
    kSorts,      kFindsIf,       kPermutes,  kDivides};

constexpr std::string_view kPushes[] = {"push_back", "push_front", "emplace_back", "emplace_front"};
constexpr std::string_view kPops[] = {"pop_back", "pop_front", "pop"};
constexpr std::string_view kBegins[] = {"begin", "end", "rbegin", "rend", "cbegin", "cend"};
constexpr std::string_view kSides[] = {"front", "back", "top"};
constexpr std::string_view kSizesOf[] = {"size", "length", "capacity", "empty"};
constexpr std::string_view kFindsIn[] = {
    "find", "rfind", "find_first_of", "find_last_of", "find_first_not_of", "find_last_not_of",
    "count"};
constexpr std::string_view kLookups[] = {"at", "find", "count", "contains"};
constexpr std::string_view kChanges[] = {"insert", "erase", "emplace", "push", "clear", "assign"};
constexpr std::string_view kBoundsIn[] = {"lower_bound", "upper_bound", "equal_range"};
constexpr std::string_view kResizes[] = {"resize", "reserve"};
constexpr std::string_view kParts[] = {"first", "second"};
constexpr std::string_view kLocks[] = {"lock", "unlock", "try_lock"};
constexpr Words kCFamilyMethods[] = {kPushes,  kPops,    kBegins,   kSides,   kSizesOf, kFindsIn,
                                     kLookups, kChanges, kBoundsIn, kResizes, kParts,   kLocks};

constexpr KnownCall kCKnown[] = {
    {"abs", false, kNumber, 0, 1.0},
    {"fabs", false, kReal, kReal, 0.4},
    {"sqrt", false, kNumber, kReal, 0.5},
    {"floor", false, kReal, kReal, 0.5},
    {"ceil", false, kReal, kReal, 0.5},
    {"round", false, kReal, kReal, 0.7},
    {"pow", false, kNumber, kReal},
    {"strlen", false, kText, kInt, 0.8},
    {"toupper", false, kLetter, kLetter, 0.7},
    {"tolower", false, kLetter, kLetter, 0.9},
    {"isalpha", false, kLetter, kBool, 0.3},
    {"isdigit", false, kLetter, kBool, 0.3},
    {"isupper", false, kLetter, kBool, 0.2},
    {"islower", false, kLetter, kBool, 0.2},
    {"isspace", false, kLetter, kBool, 0.2},
    {"isalnum", false, kLetter, kBool, 0.2},
    {"atoi", false, kText, kInt, 0.3},
    {"strcmp", false, kText, kInt},
};

constexpr KnownCall kCppKnown[] = {
    {"std::abs", false, kNumber, 0, 1.0},
    {"std::sqrt", false, kNumber, kReal, 0.5},
    {"std::floor", false, kReal, kReal, 0.5},
    {"std::ceil", false, kReal, kReal, 0.5},
    {"std::round", false, kReal, kReal, 0.7},
    {"int", false, kReal, kInt, 0.5},
    {"double", false, kInt, kReal, 0.3},
    {"std::pow", false, kNumber, kReal},
    {"std::toupper", false, kLetter, kLetter, 0.7},
    {"std::tolower", false, kLetter, kLetter, 0.9},
    {"std::isalpha", false, kLetter, kBool, 0.3},
    {"std::isdigit", false, kLetter, kBool, 0.3},
    {"std::isupper", false, kLetter, kBool, 0.2},
    {"std::islower", false, kLetter, kBool, 0.2},
    {"std::isspace", false, kLetter, kBool, 0.2},
    {"std::isalnum", false, kLetter, kBool, 0.2},
    {"std::to_string", false, kNumber, kText, 0.8},
    {"std::stoi", false, kText, kInt, 0.5},
    {"std::atoi", false, 0, kInt, 0.3},
    {"std::string", false, 0, kText},
    {"std::min", false, kNumber, 0},
    {"std::max", false, kNumber, 0},
    {"size", true, kCollection, kInt, 1.0},
    {"length", true, kText, kInt, 0.5},
    {"empty", true, kCollection, kBool, 0.4},
    {"c_str", true, kText, kObject, 0.1},
    {"substr", true, kText, kText},
    {"find", true, kText, kInt},
    {"rfind", true, kText, kInt},
    {"count", true, kSetKind | kDictKind, kInt},
    {"back", true, kText, kLetter, 0.4},
    {"front", true, kText, kLetter, 0.4},
    {"push_back", true, kCollection, kNone},
    {"begin", true, kCollection, kIterator},
    {"end", true, kCollection, kIterator},
    {"rbegin", true, kCollection, kIterator},
    {"rend", true, kCollection, kIterator},
    {"pop_back", true, kCollection, kNone},
    {"clear", true, kCollection, kNone},
    {"insert", true, kCollection, kNone},
};

constexpr KindName kCFamilyKinds[] = {
    {"int", kInt},
    {"long", kInt},
    {"short", kInt},
    {"unsigned", kInt},
    {"signed", kInt},
    {"size_t", kInt},
    {"ssize_t", kInt},
    {"ptrdiff_t", kInt},
    {"int8_t", kInt},
    {"int16_t", kInt},
    {"int32_t", kInt},
    {"int64_t", kInt},
    {"uint8_t", kInt},
    {"uint16_t", kInt},
    {"uint32_t", kInt},
    {"uint64_t", kInt},
    {"float", kReal},
    {"double", kReal},
    {"bool", kBool},
    {"_Bool", kBool},
    {"char", kLetter},
    {"wchar_t", kLetter},
    {"string", kText},
    {"string_view", kText},
    {"vector", kListKind},
    {"array", kListKind},
    {"deque", kListKind},
    {"list", kListKind},
    {"span", kListKind},
    {"initializer_list", kListKind},
    {"pair", kTupleKind},
    {"tuple", kTupleKind},
    {"set", kSetKind},
    {"unordered_set", kSetKind},
    {"multiset", kSetKind},
    {"map", kDictKind},
    {"unordered_map", kDictKind},
    {"multimap", kDictKind},
    {"function", kCallable},
};

constexpr std::string_view kCppExtremes[] = {"std::max", "std::min"};
constexpr std::string_view kSortsInPlace[] = {"std::sort($n.begin(), $n.end());", "$n.pop_back();",
                                              "std::reverse($n.begin(), $n.end());", "$n.clear();"};
constexpr std::string_view kAssertions[] = {"assert",  "ASSERT", "EXPECT",    "CHECK",
                                            "REQUIRE", "TEST",   "cr_assert", "ck_assert"};
constexpr std::string_view kElementMethods[] = {"at", "front", "back", "top"};
constexpr std::string_view kSliceCalls[] = {"$e.substr(1)", "$e.substr(0, $e.size() - 1)",
                                            "$e.substr($i)", "$e.substr(0, $i)",
                                            "std::string($e.rbegin(), $e.rend())"};

constexpr Form kCFamilyForm = {
    .braces = true, .bits_bind_loosely = true, .not_binds_tightly = true};

constexpr Spelling CFamilySpelling(bool cpp) {
  return {
      .logical_and = "&&",
      .logical_or = "||",
      .logical_not = "!",
      .equal = "==",
      .not_equal = "!=",
      .true_literal = cpp ? "true" : "1",
      .false_literal = cpp ? "false" : "0",
      .null_literal = cpp ? "nullptr" : "NULL",
      .empty_statement = ";",
      .indent_step = "    ",
      .if_statement = "if ($c) {\n$i$t$s\n$i}",
      .else_clause = " else {\n$i$t$s\n$i}",
      .return_value = "return $e;",
      .assignment = "$n = $e;",
      .clause_context = "void f() {\nif (1) {} $s\n}\n",
      .section_context = "void f() {\nswitch (1) {\n$s\n}\n}\n",
      .do_condition_context = "void f() {\ndo {} while $s;\n}\n",
      .statement_context = "void f() {\n$s\n}\n",
      .empty_body = " {}",
      .nested_context = "struct s {\n$i$s\n};",
      .self_name = "this",
      .empty_list = cpp ? "{}" : "",
      .empty_text = "\"\"",
      .text_quotes = "\"",
      .if_keyword = "if",
      .while_keyword = "while",
      .return_keyword = "return ",
      .break_statement = "break;",
      .continue_statement = "continue;",
      .return_statement = "return;",
      .increment = "$n++;",
      .decrement = "$n--;",
      .add_to = "$n += $e;",
      .length = cpp ? "$e.size()" : "strlen($e)",
      .first_item = "$e[0]",
      .last_item = cpp ? "$e.back()" : "",
      .set_contains = cpp ? "$e.count($k)" : "",
      .text_contains = cpp ? "$e.find($k) != std::string::npos" : "",
      .list_contains = cpp ? "std::find($e.begin(), $e.end(), $k) != $e.end()" : "",
      .library_prefix = cpp ? "std::" : "",
      .library_import = cpp ? "using namespace std" : "",
  };
}

constexpr Language kCpp = {
    .name = "c++",
    .extensions = kCppExtensions,
    .grammar = tree_sitter_cpp,
    .roles = kCFamilyRoles,
    .operator_roles = kCFamilyOperators,
    .fields = kCFamilyFields,
    .form = kCFamilyForm,
    .spelling = CFamilySpelling(true),
    .compare_operators = kCFamilyCompare,
    .arithmetic_operators = kCFamilyArithmetic,
    .bit_operators = kCFamilyBits,
    .call_families = kCFamilyCalls,
    .method_families = kCFamilyMethods,
    .calls = kCppKnown,
    .kind_names = kCFamilyKinds,
    .extremes = kCppExtremes,
    .in_place = kSortsInPlace,
    .assertions = kAssertions,
    .element_methods = kElementMethods,
    .slice_calls = kSliceCalls,
};

constexpr Language kC = {
    .name = "c",
    .extensions = kCExtensions,
    .grammar = tree_sitter_c,
    .roles = kCFamilyRoles,
    .operator_roles = kCFamilyOperators,
    .fields = kCFamilyFields,
    .form = kCFamilyForm,
    .spelling = CFamilySpelling(false),
    .compare_operators = kCFamilyCompare,
    .arithmetic_operators = kCFamilyArithmetic,
    .bit_operators = kCFamilyBits,
    .call_families = kCFamilyCalls,
    .method_families = kCFamilyMethods,
    .calls = kCKnown,
    .kind_names = kCFamilyKinds,
    .assertions = kAssertions,
};

}  // namespace

const Language& C() { return kC; }
const Language& Cpp() { return kCpp; }

}  // namespace coditect::analysis
