// config list, get, validate.
#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"
#include "src/app/request.h"

namespace coditect {
