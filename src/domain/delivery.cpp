// How a run delivers.
#include "src/domain/delivery.h"

#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr std::string_view kFileMark = "patch:";

}  // namespace

std::string_view DeliveryWord(DeliveryMode mode) {
  return mode == DeliveryMode::kFastForward ? "ff"
         : mode == DeliveryMode::kPatch     ? "patch"
                                            : "branch";
}

std::string DeliveryText(const DeliveryPlan& plan) {
  if (plan.mode == DeliveryMode::kPatch && !plan.patch_file.empty()) {
    return StrCat(kFileMark, plan.patch_file);
  }
  return std::string(DeliveryWord(plan.mode));
}

DeliveryPlan ParseDelivery(std::string_view text) {
  if (text == "ff") return {.mode = DeliveryMode::kFastForward};
  if (text == "patch") return {.mode = DeliveryMode::kPatch};
  if (!text.starts_with(kFileMark)) return {};
  return {.mode = DeliveryMode::kPatch, .patch_file = std::string(text.substr(kFileMark.size()))};
}

std::string BaseBranchRef(const RepositoryRef& repository) {
  constexpr std::string_view kHeads = "refs/heads/";
  const std::string& name = repository.base_name;
  if (name.empty() || name == "HEAD") return "";
  return name.starts_with(kHeads) ? name : StrCat(kHeads, name);
}

}  // namespace coditect
