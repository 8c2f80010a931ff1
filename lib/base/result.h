#pragma once

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

#include "lib/base/error.h"

namespace trust {

/// A value or an Error, under the names of std::expected, which GCC 12 lacks in C++20.
/// Reading the value of a failure, or the error of a success, is a bug and asserts.
///
///   Result<Case> found = cases.find(id);
///   if (!found) return found.error().within("answer");
template <class T>
class [[nodiscard]] Result {
 public:
  template <class U = T, std::enable_if_t<std::is_convertible_v<U, T> &&
                                              !std::is_same_v<std::remove_cvref_t<U>, Error> &&
                                              !std::is_same_v<std::remove_cvref_t<U>, Result>,
                                          int> = 0>
  Result(U&& value) : state_{std::in_place_index<0>, std::forward<U>(value)} {}
  Result(Error error) : state_{std::in_place_index<1>, std::move(error)} {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& operator*() & { return value_of(*this); }
  const T& operator*() const& { return value_of(*this); }
  T&& operator*() && { return std::move(value_of(*this)); }
  T* operator->() { return &value_of(*this); }
  const T* operator->() const { return &value_of(*this); }

  const Error& error() const {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

  T value_or(T other) && { return has_value() ? std::move(value_of(*this)) : std::move(other); }

 private:
  template <class Self>
  static auto& value_of(Self& self) {
    assert(self.has_value());
    return *std::get_if<0>(&self.state_);
  }

  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
struct Nothing {};
using Status = Result<Nothing>;
inline Status ok() { return Nothing{}; }

}  // namespace trust
