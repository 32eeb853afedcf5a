// The generators behind the operator table, by file.
#pragma once

#include "src/repair/operator.h"

namespace coditect::repair {

// operators_tokens.cpp
void CompareOperator(const Site& site, Proposals& out);
void ArithmeticOperator(const Site& site, Proposals& out);
void AssignmentKind(const Site& site, Proposals& out);
void LogicalOperator(const Site& site, Proposals& out);
void LogicalNegate(const Site& site, Proposals& out);
void UnaryOperator(const Site& site, Proposals& out);
void ExpressionDrop(const Site& site, Proposals& out);
void PrecedenceGroup(const Site& site, Proposals& out);

// operators_values.cpp
void OffByOne(const Site& site, Proposals& out);
void ConstantNumber(const Site& site, Proposals& out);
void ConstantString(const Site& site, Proposals& out);
void ConstantTruth(const Site& site, Proposals& out);
void VariableName(const Site& site, Proposals& out);
void VariableAttribute(const Site& site, Proposals& out);
void ConstantName(const Site& site, Proposals& out);
void ReturnValue(const Site& site, Proposals& out);

// operators_calls.cpp
void CallSibling(const Site& site, Proposals& out);
void CallUnwrap(const Site& site, Proposals& out);
void CallArguments(const Site& site, Proposals& out);
void OrderArguments(const Site& site, Proposals& out);
void OrderOperands(const Site& site, Proposals& out);
void OrderElements(const Site& site, Proposals& out);
void SliceChange(const Site& site, Proposals& out);
void GeneratorDelegate(const Site& site, Proposals& out);

// operators_statements.cpp
void StatementDelete(const Site& site, Proposals& out);
void StatementMove(const Site& site, Proposals& out);
void StatementIndent(const Site& site, Proposals& out);
void BlockUnwrap(const Site& site, Proposals& out);
void JumpKind(const Site& site, Proposals& out);

// operators_declarations.cpp
void DeclaredTypeChange(const Site& site, Proposals& out);
void DeclarationKind(const Site& site, Proposals& out);

// synthesis_expressions.cpp
void DonorExpression(const Site& site, Proposals& out);
void CallWrap(const Site& site, Proposals& out);
void CallMethod(const Site& site, Proposals& out);
void ExpressionAtom(const Site& site, Proposals& out);
void IndexAdd(const Site& site, Proposals& out);
void SliceAdd(const Site& site, Proposals& out);
void SynthesizeSmall(const Site& site, Proposals& out);
void SynthesizeBinary(const Site& site, Proposals& out);
void SortKey(const Site& site, Proposals& out);

// synthesis_conditions.cpp
void ConditionExtend(const Site& site, Proposals& out);
void ConditionReplace(const Site& site, Proposals& out);
void ConditionSymmetric(const Site& site, Proposals& out);
void ComprehensionFilter(const Site& site, Proposals& out);
void CompareChain(const Site& site, Proposals& out);

// synthesis_literals.cpp
void LiteralExpected(const Site& site, Proposals& out);
void LiteralAffix(const Site& site, Proposals& out);
void LiteralEverywhere(const Site& site, Proposals& out);
void LiteralSwap(const Site& site, Proposals& out);
void NameSwap(const Site& site, Proposals& out);

// synthesis_statements.cpp
void GuardInsert(const Site& site, Proposals& out);
void GuardWrap(const Site& site, Proposals& out);
void GuardedInsert(const Site& site, Proposals& out);
void StatementInsert(const Site& site, Proposals& out);
void AssignmentInsert(const Site& site, Proposals& out);
void ElseInsert(const Site& site, Proposals& out);

}  // namespace coditect::repair
