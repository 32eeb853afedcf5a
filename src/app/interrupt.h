// Ctrl-C and SIGTERM as a count that the command looks at.
#pragma once

namespace coditect {

/// Installs handlers for SIGINT, SIGTERM and SIGHUP; ignores SIGPIPE.
void WatchInterrupts();

/// How often the person interrupted since WatchInterrupts().
int Interrupts();

/// The signal of the last one, 0 if none.
int LastInterrupt();

}  // namespace coditect
