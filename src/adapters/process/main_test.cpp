// The main function of tests that launch sandboxes: it serves as the broker too.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "src/adapters/process/broker.h"

int main(int argc, char** argv) {
  if (coditect::process::IsBrokerInvocation(argc, argv)) {
    return coditect::process::BrokerMain(argc, argv);
  }
  doctest::Context context(argc, argv);
  return context.run();
}
