// The contract of EventBus, on every backend.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <thread>

#include "src/adapters/memory/event_bus.h"
#include "src/adapters/sqlite/event_bus.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/ports/event_bus.h"

namespace coditect {
namespace {

BusEvent Act(const MissionId& mission, std::string type) {
  BusEvent event;
  event.topic = kTopicAct;
  event.event_type = std::move(type);
  event.mission_id = mission;
  event.details["from"] = "IDLE";
  return event;
}

void ForEachBackend(const std::function<void(EventBus&)>& test) {
  const SystemClock clock;
  memory::MemoryEventBus memory("p1", clock);
  test(memory);
  const std::string folder = StrCat("/tmp/coditect-test-", RandomHex(6));
  REQUIRE(MakeDirs(folder).ok());
  {
    const auto bus =
        sqlite::OpenEventBus({.path = folder + "/telemetry.db", .producer = "p1"}, clock);
    REQUIRE(bus.ok());
    test(**bus);
  }
  CHECK(RemoveTree(folder).ok());
}

}  // namespace

TEST_CASE("EventsComeBackInOrderWithProducerAndSequence") {
  ForEachBackend([](EventBus& bus) {
    for (int i = 0; i < 1000; ++i) bus.Publish(Act(i % 2 == 0 ? "r-a" : "r-b", StrCat("E", i)));
    REQUIRE(bus.Flush(Context{}).ok());
    const auto all = bus.Read(Context{}, "");
    REQUIRE(all.ok());
    REQUIRE_EQ(all->size(), 1000);
    const auto one = bus.Read(Context{}, "r-b");
    REQUIRE_EQ(one->size(), 500);
    CHECK_EQ((*one)[1].event_type, "E3");
    CHECK_EQ((*one)[1].producer, "p1");
    CHECK_EQ((*one)[1].sequence, 4);
    CHECK_EQ((*one)[1].details.at("from"), "IDLE");
  });
}

TEST_CASE("WhatIsForgottenIsGoneAndTheRestStays") {
  ForEachBackend([](EventBus& bus) {
    for (const char* mission : {"r-a", "r-b", "r-c"}) bus.Publish(Act(mission, "E"));
    const auto forgotten = bus.Forget(Context{}, {"r-a", "r-c", "r-unknown"});
    REQUIRE(forgotten.ok());
    CHECK_EQ(*forgotten, 2);
    bus.Publish(Act("r-b", "F"));
    const auto all = bus.Read(Context{}, "");
    REQUIRE_EQ(all->size(), 2);
    CHECK_EQ((*all)[1].mission_id, "r-b");
    CHECK_NE((*all)[0].sequence, (*all)[1].sequence);
  });
}

TEST_CASE("ConcurrentProducersLoseNothing") {
  ForEachBackend([](EventBus& bus) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&bus] {
        for (int i = 0; i < 500; ++i) bus.Publish(Act("r-a", "X"));
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK_EQ(bus.Read(Context{}, "r-a")->size(), 2000);
  });
}

}  // namespace coditect
