// The tables of this folder.
#pragma once

#include "src/analysis/language.h"

namespace coditect::analysis {

const Language& C();
const Language& Cpp();
const Language& Python();

}  // namespace coditect::analysis
