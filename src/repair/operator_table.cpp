// The operator table: every kind of slip the search undoes, with how often it is the bug.
//
// Priors are judgement: the order in which kinds of edits earned first right patches in a prototype
// (240 small functions with one bug), rounded so that no single bug decides. They only order the
// search; benchmarks/humanevalfix.py and benchmarks/real_package.py show what they are worth.
#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

constexpr Operator kOperators[] = {
    {"compare.operator", "comparison", Space::kEdits, 1.0, CompareOperator},
    {"arithmetic.operator", "arithmetic", Space::kEdits, 0.9, ArithmeticOperator},
    {"logical.operator", "logic", Space::kEdits, 1.0, LogicalOperator},
    {"logical.negate", "negation", Space::kEdits, 0.8, LogicalNegate},
    {"off_by_one", "off by one", Space::kEdits, 0.9, OffByOne},
    {"constant.number", "number", Space::kEdits, 0.9, ConstantNumber},
    {"constant.truth", "truth value", Space::kEdits, 0.9, ConstantTruth},
    {"constant.string", "text", Space::kEdits, 0.6, ConstantString},
    {"constant.name", "named constant", Space::kEdits, 0.7, ConstantName},
    {"variable.name", "name", Space::kEdits, 0.7, VariableName},
    {"variable.attribute", "attribute", Space::kEdits, 0.6, VariableAttribute},
    {"call.sibling", "call", Space::kEdits, 0.8, CallSibling},
    {"call.unwrap", "call left out", Space::kEdits, 0.6, CallUnwrap},
    {"call.arguments", "arguments", Space::kEdits, 0.5, CallArguments},
    {"order.arguments", "order of arguments", Space::kEdits, 0.7, OrderArguments},
    {"order.operands", "order of operands", Space::kEdits, 0.6, OrderOperands},
    {"order.elements", "order of elements", Space::kEdits, 0.6, OrderElements},
    {"expression.drop", "operand left out", Space::kEdits, 0.7, ExpressionDrop},
    {"unary.operator", "sign", Space::kEdits, 0.4, UnaryOperator},
    {"precedence.group", "precedence", Space::kEdits, 0.5, PrecedenceGroup},
    {"assignment.kind", "assignment", Space::kEdits, 0.6, AssignmentKind},
    {"declared.type", "declared type", Space::kEdits, 0.4, DeclaredTypeChange},
    {"declaration.kind", "declaration that hides another", Space::kEdits, 0.6, DeclarationKind},
    {"slice.change", "slice", Space::kEdits, 0.6, SliceChange},
    {"return.value", "returned value", Space::kEdits, 0.5, ReturnValue},
    {"jump.kind", "jump", Space::kEdits, 0.5, JumpKind},
    {"statement.delete", "statement left out", Space::kEdits, 0.35, StatementDelete},
    {"statement.move", "order of statements", Space::kEdits, 0.4, StatementMove},
    {"statement.indent", "block of a statement", Space::kEdits, 0.5, StatementIndent},
    {"block.unwrap", "block", Space::kEdits, 0.3, BlockUnwrap},
    {"generator.delegate", "generator", Space::kEdits, 0.5, GeneratorDelegate},
    {"literal.swap", "exchanged literals", Space::kEdits, 0.5, LiteralSwap},
    {"literal.everywhere", "literal everywhere", Space::kEdits, 0.5, LiteralEverywhere},

    {"call.wrap", "call around a value", Space::kSynthesis, 0.8, CallWrap},
    {"call.method", "method of a value", Space::kSynthesis, 0.7, CallMethod},
    {"donor.expression", "expression from nearby", Space::kSynthesis, 0.7, DonorExpression},
    {"condition.extend", "condition extended", Space::kSynthesis, 0.7, ConditionExtend},
    {"condition.replace", "condition", Space::kSynthesis, 0.45, ConditionReplace},
    {"condition.symmetric", "symmetric condition", Space::kSynthesis, 0.5, ConditionSymmetric},
    {"compare.chain", "chained comparison", Space::kSynthesis, 0.4, CompareChain},
    {"comprehension.filter", "filter", Space::kSynthesis, 0.6, ComprehensionFilter},
    {"sort.key", "order of a sort", Space::kSynthesis, 0.7, SortKey},
    {"slice.add", "slice", Space::kSynthesis, 0.6, SliceAdd},
    {"index.add", "index", Space::kSynthesis, 0.55, IndexAdd},
    {"expression.atom", "operand added", Space::kSynthesis, 0.55, ExpressionAtom},
    {"literal.expected", "literal of the tests", Space::kSynthesis, 0.55, LiteralExpected},
    {"literal.affix", "text added", Space::kSynthesis, 0.5, LiteralAffix},
    {"name.swap", "exchanged names", Space::kSynthesis, 0.5, NameSwap},
    {"guard.wrap", "condition around a statement", Space::kSynthesis, 0.6, GuardWrap},
    {"guard.insert", "guard", Space::kSynthesis, 0.5, GuardInsert},
    {"statement.insert", "missing statement", Space::kSynthesis, 0.5, StatementInsert},
    {"guarded.insert", "missing statement under a condition", Space::kSynthesis, 0.45,
     GuardedInsert},
    {"assignment.insert", "missing assignment", Space::kSynthesis, 0.5, AssignmentInsert},
    {"else.insert", "missing branch", Space::kSynthesis, 0.5, ElseInsert},
    {"synthesis.small", "small expression", Space::kSynthesis, 0.5, SynthesizeSmall},
    {"synthesis.binary", "expression of two names", Space::kSynthesis, 0.35, SynthesizeBinary},
};

}  // namespace

std::span<const Operator> Operators() { return kOperators; }

}  // namespace coditect::repair
