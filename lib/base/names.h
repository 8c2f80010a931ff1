#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace trust {

/// The names of an enumeration's values, in their order and without gaps. Where `names(Enum)`
/// stands beside the enumeration, `name_of(value)` and `named<Enum>(name)` are for it too.
template <class Enum, std::size_t n>
struct Names {
  std::array<std::string_view, n> words;

  constexpr std::string_view of(Enum value) const {
    return words.at(static_cast<std::size_t>(value));
  }
  constexpr std::optional<Enum> find(std::string_view name) const {
    const auto at = std::find(words.begin(), words.end(), name);
    return at == words.end() ? std::nullopt : std::optional{static_cast<Enum>(at - words.begin())};
  }
};

template <class Enum>
constexpr auto name_of(Enum value) -> decltype(names(value).of(value)) {
  return names(value).of(value);
}
template <class Enum>
constexpr auto named(std::string_view name) -> decltype(names(Enum{}).find(name)) {
  return names(Enum{}).find(name);
}

}  // namespace trust
