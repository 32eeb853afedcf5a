// Rules of how a run delivers.
#include "src/domain/delivery.h"

#include <doctest/doctest.h>

namespace coditect {

TEST_CASE("ADeliveryIsReadAsItWasWritten") {
  for (const DeliveryPlan& plan :
       {DeliveryPlan{}, DeliveryPlan{.mode = DeliveryMode::kFastForward},
        DeliveryPlan{.mode = DeliveryMode::kPatch},
        DeliveryPlan{.mode = DeliveryMode::kPatch, .patch_file = "/a b/patch:\xff"}}) {
    CHECK(ParseDelivery(DeliveryText(plan)) == plan);
  }
  CHECK(DeliveryText({.mode = DeliveryMode::kPatch, .patch_file = "/a/"}) == "patch:/a/");
}

TEST_CASE("WhatIsNoWayToDeliverIsABranch") {
  for (const char* text : {"", "branch", "fast", "patch;/a"}) {
    CHECK(ParseDelivery(text).mode == DeliveryMode::kBranch);
  }
}

}  // namespace coditect
