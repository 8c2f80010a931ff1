#pragma once

#include <span>
#include <string>
#include <string_view>

namespace trust {

/// The candidate a person most likely meant by a mistyped `word`, or "" if none is near: at most a
/// third of its letters wrong, missing, doubled or swapped (and at least one may be). ASCII case
/// counts as no difference. Words over 64 bytes have no neighbours. The first of equals wins.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace trust
