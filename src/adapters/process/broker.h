// The broker: one small single-threaded process that makes all namespaces and all launches. A clone
// of the host process, with its memory and threads, would be slow and would leak.
#pragma once

#include <string>
#include <string_view>

namespace coditect::process {

/// The name a broker and the first process of every sandbox show in their command line.
inline constexpr std::string_view kBrokerName = "coditect-sandbox";

/// True when the program was started as a broker: main() then returns BrokerMain(argc, argv) before
/// anything else.
bool IsBrokerInvocation(int argc, char** argv);

/// Serves requests on descriptor 3 until the host's end of it closes, then leaves; the kernel kills
/// what it started. Returns the exit code.
int BrokerMain(int argc, char** argv);

}  // namespace coditect::process
