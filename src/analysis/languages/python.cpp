// Python: node kinds, spellings and well-known calls.
#include "src/analysis/languages/languages.h"

extern "C" const TSLanguage* tree_sitter_python();

namespace coditect::analysis {
namespace {

constexpr KindRole kRoles[] = {
    {"comment", Role::kComment},
    {"module", Role::kModule},
    {"block", Role::kBlock},
    {"function_definition", Role::kFunction},
    {"class_definition", Role::kClass},
    {"decorated_definition", Role::kDecorated},
    {"decorator", Role::kDecorator},
    {"parameters", Role::kParameters},
    {"lambda_parameters", Role::kParameters},
    {"default_parameter", Role::kParameter},
    {"typed_parameter", Role::kParameter},
    {"typed_default_parameter", Role::kParameter},
    {"type", Role::kType},
    {"expression_statement", Role::kExpressionStatement},
    {"return_statement", Role::kReturn},
    {"if_statement", Role::kIf},
    {"elif_clause", Role::kElif},
    {"else_clause", Role::kElse},
    {"for_statement", Role::kFor},
    {"while_statement", Role::kWhile},
    {"break_statement", Role::kBreak},
    {"continue_statement", Role::kContinue},
    {"pass_statement", Role::kPass},
    {"raise_statement", Role::kRaise},
    {"assert_statement", Role::kAssert},
    {"delete_statement", Role::kDelete},
    {"try_statement", Role::kTry},
    {"except_clause", Role::kExcept},
    {"except_group_clause", Role::kExcept},
    {"finally_clause", Role::kFinally},
    {"with_statement", Role::kWith},
    {"match_statement", Role::kMatch},
    {"case_clause", Role::kCase},
    {"import_statement", Role::kImport},
    {"import_from_statement", Role::kImportFrom},
    {"future_import_statement", Role::kImportFrom},
    {"global_statement", Role::kGlobal},
    {"nonlocal_statement", Role::kGlobal},
    {"print_statement", Role::kOtherStatement},
    {"exec_statement", Role::kOtherStatement},
    {"type_alias_statement", Role::kOtherStatement},
    {"assignment", Role::kAssignment},
    {"augmented_assignment", Role::kAugmentedAssignment},
    {"comparison_operator", Role::kCompare},
    {"binary_operator", Role::kBinary},
    {"boolean_operator", Role::kBoolean},
    {"not_operator", Role::kNot},
    {"unary_operator", Role::kUnary},
    {"call", Role::kCall},
    {"argument_list", Role::kArguments},
    {"keyword_argument", Role::kKeywordArgument},
    {"subscript", Role::kSubscript},
    {"slice", Role::kSlice},
    {"attribute", Role::kAttribute},
    {"conditional_expression", Role::kConditional},
    {"parenthesized_expression", Role::kParenthesized},
    {"lambda", Role::kLambda},
    {"list_comprehension", Role::kComprehension},
    {"set_comprehension", Role::kComprehension},
    {"dictionary_comprehension", Role::kComprehension},
    {"generator_expression", Role::kGenerator},
    {"for_in_clause", Role::kComprehensionFor},
    {"if_clause", Role::kComprehensionIf},
    {"yield", Role::kYield},
    {"await", Role::kAwait},
    {"named_expression", Role::kNamedExpression},
    {"expression_list", Role::kExpressionList},
    {"pattern_list", Role::kPatternList},
    {"tuple_pattern", Role::kPatternList},
    {"list_pattern", Role::kPatternList},
    {"list_splat", Role::kSplat},
    {"dictionary_splat", Role::kSplat},
    {"list_splat_pattern", Role::kSplat},
    {"dictionary_splat_pattern", Role::kSplat},
    {"identifier", Role::kIdentifier},
    {"integer", Role::kInteger},
    {"float", Role::kFloat},
    {"string", Role::kString},
    {"string_start", Role::kStringPart},
    {"string_content", Role::kStringPart},
    {"string_end", Role::kStringPart},
    {"interpolation", Role::kInterpolation},
    {"true", Role::kTrue},
    {"false", Role::kFalse},
    {"none", Role::kNull},
    {"list", Role::kList},
    {"tuple", Role::kTuple},
    {"set", Role::kSet},
    {"dictionary", Role::kDictionary},
    {"pair", Role::kPair},
    {"dotted_name", Role::kDottedName},
    {"aliased_import", Role::kAlias},
    {"relative_import", Role::kRelativeName},
};

constexpr FieldName kFields[] = {
    {"alias", Field::kAlias},
    {"alternative", Field::kAlternative},
    {"argument", Field::kArgument},
    {"arguments", Field::kArguments},
    {"attribute", Field::kAttribute},
    {"body", Field::kBody},
    {"condition", Field::kCondition},
    {"consequence", Field::kConsequence},
    {"definition", Field::kDefinition},
    {"function", Field::kFunction},
    {"key", Field::kKey},
    {"left", Field::kLeft},
    {"module_name", Field::kModuleName},
    {"name", Field::kName},
    {"object", Field::kObject},
    {"operator", Field::kOperator},
    {"operators", Field::kOperator},
    {"parameters", Field::kParameters},
    {"return_type", Field::kReturnType},
    {"right", Field::kRight},
    {"subscript", Field::kSubscript},
    {"superclasses", Field::kSuperclasses},
    {"type", Field::kType},
    {"value", Field::kValue},
};

constexpr std::string_view kExtensions[] = {".py"};
constexpr std::string_view kCompare[] = {"<", "<=", ">", ">=", "==", "!="};
constexpr std::string_view kArithmetic[] = {"+", "-", "*", "/", "//", "%", "**"};
constexpr std::string_view kBits[] = {"&", "|", "^", "<<", ">>"};

constexpr std::string_view kExtremes[] = {"min", "max", "sum"};
constexpr std::string_view kQuantifiers[] = {"any", "all", "sum"};
constexpr std::string_view kContainers[] = {"list",      "set",      "tuple", "sorted",
                                            "frozenset", "reversed", "iter",  "dict"};
constexpr std::string_view kNumbers[] = {"int", "float", "round", "str", "bool", "abs"};
constexpr std::string_view kTexts[] = {"str", "repr", "ascii", "bytes"};
constexpr std::string_view kBases[] = {"bin", "oct", "hex", "str"};
constexpr std::string_view kCodes[] = {"ord", "chr"};
constexpr std::string_view kPairings[] = {"zip", "enumerate", "map", "filter", "range"};
constexpr std::string_view kSizes[] = {"len", "sum", "max", "min"};
constexpr std::string_view kAccess[] = {"getattr", "hasattr", "setattr", "delattr"};
constexpr std::string_view kChecks[] = {"isinstance", "issubclass"};
constexpr Words kCallFamilies[] = {kExtremes, kQuantifiers, kContainers, kNumbers, kTexts, kBases,
                                   kCodes,    kPairings,    kSizes,      kAccess,  kChecks};

constexpr std::string_view kCases[] = {"lower", "upper",      "swapcase",
                                       "title", "capitalize", "casefold"};
constexpr std::string_view kStrips[] = {"strip", "lstrip", "rstrip"};
constexpr std::string_view kEnds[] = {"startswith", "endswith"};
constexpr std::string_view kAffixes[] = {"removeprefix", "removesuffix"};
constexpr std::string_view kAdds[] = {"append", "extend",     "add",       "update",
                                      "insert", "appendleft", "extendleft"};
constexpr std::string_view kTakes[] = {"pop", "popleft", "remove", "discard", "clear"};
constexpr std::string_view kFinds[] = {"find", "rfind", "index", "rindex", "count"};
constexpr std::string_view kSplits[] = {"split", "rsplit", "splitlines", "partition", "rpartition"};
constexpr std::string_view kTests[] = {"isalpha", "isdigit",   "isalnum",   "isspace", "isupper",
                                       "islower", "isnumeric", "isdecimal", "istitle"};
constexpr std::string_view kViews[] = {"keys", "values", "items"};
constexpr std::string_view kGets[] = {"get", "pop", "setdefault"};
constexpr std::string_view kSets[] = {"union", "intersection", "difference",
                                      "symmetric_difference"};
constexpr std::string_view kSubsets[] = {"issubset", "issuperset", "isdisjoint"};
constexpr std::string_view kJustify[] = {"ljust", "rjust", "center", "zfill"};
constexpr std::string_view kMatches[] = {"match", "search", "fullmatch", "findall", "finditer"};
constexpr std::string_view kRounding[] = {"floor", "ceil", "trunc"};
constexpr std::string_view kPowers[] = {"sqrt", "pow", "exp", "log", "log2", "log10"};
constexpr std::string_view kAngles[] = {"sin", "cos", "tan"};
constexpr std::string_view kHeaps[] = {"heappush", "heappop", "heapify", "heapreplace",
                                       "heappushpop"};
constexpr std::string_view kExtremeItems[] = {"nlargest", "nsmallest"};
constexpr std::string_view kBisects[] = {"bisect_left", "bisect_right", "bisect"};
constexpr std::string_view kChoices[] = {"permutations", "combinations",
                                         "combinations_with_replacement", "product"};
constexpr std::string_view kOrders[] = {"sort", "reverse"};
constexpr std::string_view kCodecs[] = {"encode", "decode"};
constexpr Words kMethodFamilies[] = {
    kCases,    kStrips, kEnds,   kAffixes, kAdds,         kTakes,   kFinds,   kSplits,
    kTests,    kViews,  kGets,   kSets,    kSubsets,      kOrders,  kJustify, kMatches,
    kRounding, kPowers, kAngles, kHeaps,   kExtremeItems, kBisects, kChoices, kCodecs};

constexpr std::string_view kOrderKeywords[] = {"reverse=True", "reverse=False"};
constexpr Words kKeywordFamilies[] = {kOrderKeywords};

constexpr KnownCall kCalls[] = {
    {"len", false, kCollection, kInt, 1.0},
    {"abs", false, kNumber, 0, 1.0},
    {"int", false, kNumber | kText | kBool, kInt, 0.8},
    {"str", false, 0, kText, 0.8},
    {"float", false, kNumber | kText, kReal, 0.5},
    {"round", false, kReal, kInt, 0.5},
    {"sorted", false, kIterable, kListKind, 0.9},
    {"list", false, kIterable, kListKind, 0.7},
    {"set", false, kIterable, kSetKind, 0.7},
    {"tuple", false, kIterable, kTupleKind, 0.5},
    {"dict", false, kDictKind | kListKind, kDictKind, 0.3},
    {"sum", false, kIterable, kNumber, 0.7},
    {"max", false, kIterable, 0, 0.4},
    {"min", false, kIterable, 0, 0.4},
    {"bool", false, 0, kBool, 0.3},
    {"reversed", false, kSequence, kIterator, 0.5},
    {"bin", false, kInt, kText, 0.4},
    {"hex", false, kInt, kText, 0.1},
    {"ord", false, kText, kInt, 0.4},
    {"chr", false, kInt, kText, 0.4},
    {"any", false, kIterable, kBool, 0.2},
    {"all", false, kIterable, kBool, 0.2},
    {"range", false, kInt, kIterator, 0.4},
    {"enumerate", false, kIterable, kIterator, 0.2},
    {"zip", false, kIterable, kIterator},
    {"map", false, 0, kIterator},
    {"filter", false, 0, kIterator},
    {"isinstance", false, 0, kBool},
    {"hasattr", false, 0, kBool},
    {"callable", false, 0, kBool},
    {"repr", false, 0, kText, 0.3},
    {"iter", false, kIterable, kIterator, 0.3},
    {"open", false, kText, kObject},
    {"divmod", false, kNumber, kTupleKind},
    {"lower", true, kText, kText, 1.0},
    {"upper", true, kText, kText, 0.6},
    {"strip", true, kText, kText, 0.8},
    {"swapcase", true, kText, kText, 0.2},
    {"title", true, kText, kText, 0.1},
    {"capitalize", true, kText, kText, 0.2},
    {"casefold", true, kText, kText, 0.2},
    {"lstrip", true, kText, kText, 0.2},
    {"rstrip", true, kText, kText, 0.3},
    {"split", true, kText, kListKind, 0.6},
    {"splitlines", true, kText, kListKind, 0.1},
    {"encode", true, kText, kBytes, 0.5},
    {"decode", true, kBytes, kText, 0.5},
    {"isdigit", true, kText, kBool, 0.2},
    {"isalpha", true, kText, kBool, 0.2},
    {"isupper", true, kText, kBool, 0.1},
    {"islower", true, kText, kBool, 0.1},
    {"isspace", true, kText, kBool, 0.1},
    {"isalnum", true, kText, kBool, 0.1},
    {"copy", true, kListKind | kSetKind | kDictKind, 0, 0.6},
    {"keys", true, kDictKind, kIterator, 0.4},
    {"values", true, kDictKind, kIterator, 0.6},
    {"items", true, kDictKind, kIterator, 0.6},
    {"startswith", true, kText, kBool},
    {"endswith", true, kText, kBool},
    {"join", true, kText, kText},
    {"replace", true, kText, kText},
    {"format", true, kText, kText},
    {"zfill", true, kText, kText},
    {"rjust", true, kText, kText},
    {"ljust", true, kText, kText},
    {"center", true, kText, kText},
    {"find", true, kText, kInt},
    {"rfind", true, kText, kInt},
    {"index", true, kSequence, kInt},
    {"count", true, kSequence, kInt},
    {"append", true, kListKind, kNone},
    {"extend", true, kListKind, kNone},
    {"insert", true, kListKind, kNone},
    {"sort", true, kListKind, kNone},
    {"reverse", true, kListKind, kNone},
    {"add", true, kSetKind, kNone},
    {"update", true, kSetKind | kDictKind, kNone},
    {"union", true, kSetKind, kSetKind},
    {"intersection", true, kSetKind, kSetKind},
    {"difference", true, kSetKind, kSetKind},
};

constexpr KindName kKindNames[] = {
    {"int", kInt},
    {"float", kReal},
    {"complex", kReal},
    {"Decimal", kReal},
    {"Fraction", kReal},
    {"bool", kBool},
    {"str", kText},
    {"bytes", kBytes},
    {"bytearray", kBytes},
    {"list", kListKind},
    {"List", kListKind},
    {"deque", kListKind},
    {"tuple", kTupleKind},
    {"Tuple", kTupleKind},
    {"set", kSetKind},
    {"Set", kSetKind},
    {"frozenset", kSetKind},
    {"dict", kDictKind},
    {"Dict", kDictKind},
    {"defaultdict", kDictKind},
    {"Counter", kDictKind},
    {"OrderedDict", kDictKind},
    {"NoneType", kNone},
    {"None", kNone},
    {"function", kCallable},
    {"builtin_function_or_method", kCallable},
    {"method", kCallable},
    {"type", kCallable},
    {"generator", kIterator},
    {"range", kIterator},
    {"map", kIterator},
    {"filter", kIterator},
    {"zip", kIterator},
    {"dict_keys", kIterator},
    {"dict_values", kIterator},
    {"dict_items", kIterator},
};

constexpr std::string_view kBuiltins[] = {"abs",
                                          "all",
                                          "any",
                                          "bin",
                                          "bool",
                                          "bytes",
                                          "chr",
                                          "dict",
                                          "divmod",
                                          "enumerate",
                                          "filter",
                                          "float",
                                          "frozenset",
                                          "getattr",
                                          "hasattr",
                                          "hash",
                                          "hex",
                                          "id",
                                          "int",
                                          "isinstance",
                                          "issubclass",
                                          "iter",
                                          "len",
                                          "list",
                                          "map",
                                          "max",
                                          "min",
                                          "next",
                                          "object",
                                          "open",
                                          "ord",
                                          "pow",
                                          "print",
                                          "range",
                                          "repr",
                                          "reversed",
                                          "round",
                                          "set",
                                          "setattr",
                                          "slice",
                                          "sorted",
                                          "str",
                                          "sum",
                                          "super",
                                          "tuple",
                                          "type",
                                          "zip",
                                          "Exception",
                                          "ValueError",
                                          "TypeError",
                                          "KeyError",
                                          "IndexError",
                                          "AttributeError",
                                          "StopIteration",
                                          "RuntimeError",
                                          "NotImplementedError",
                                          "ZeroDivisionError",
                                          "OSError"};

constexpr std::string_view kSortKeys[] = {
    "lambda x: x[1]",   "len", "lambda x: (len(x), x)", "abs", "lambda x: x[0]", "int",
    "lambda x: -x[1]",  "str", "lambda x: -x",          "lambda x: (x[1], x[0])",
    "lambda x: (-x[1], x[0])", "str.lower", "lambda x: x[-1]"};

constexpr std::string_view kPrefixes[] = {"r", "b", "f", "u", "R", "B", "F", "U"};

constexpr Spelling kSpelling = {
    .logical_and = "and",
    .logical_or = "or",
    .logical_not = "not ",
    .equal = "==",
    .not_equal = "!=",
    .contains = "in",
    .contains_not = "not in",
    .identical = "is",
    .identical_not = "is not",
    .true_literal = "True",
    .false_literal = "False",
    .null_literal = "None",
    .empty_statement = "pass",
    .indent_step = "    ",
    .if_statement = "if $c:\n$i$t$s",
    .else_clause = "\n$ielse:\n$i$t$s",
    .return_value = "return $e",
    .assignment = "$n = $e",
    .clause_context = "if 1:\n    pass\n$s",
    .empty_body = " pass",
    .self_name = "self",
};

constexpr Language kPython = {
    .name = "python",
    .extensions = kExtensions,
    .grammar = tree_sitter_python,
    .roles = kRoles,
    .fields = kFields,
    .spelling = kSpelling,
    .compare_operators = kCompare,
    .arithmetic_operators = kArithmetic,
    .bit_operators = kBits,
    .call_families = kCallFamilies,
    .method_families = kMethodFamilies,
    .keyword_families = kKeywordFamilies,
    .calls = kCalls,
    .kind_names = kKindNames,
    .sort_keys = kSortKeys,
    .builtins = kBuiltins,
    .string_prefixes = kPrefixes,
};

}  // namespace

const Language& Python() { return kPython; }

}  // namespace coditect::analysis
