#pragma once

#include <string>
#include <string_view>

#include "lib/cli/command.h"

namespace trust::cli {

/// What `doctor` found, a line each as it is found: "good", "look" (works, but look at it) or
/// "BAD"; with --json an object {"verdict", "what", "words"} each.
class Findings {
 public:
  Findings(Io io, bool as_json) : io_{io}, as_json_{as_json} {}

  void good(std::string_view what, const std::string& words) { print("good", what, words); }
  void warn(std::string_view what, const std::string& words) { print("look", what, words); }
  void bad(std::string_view what, const Error& error);
  /// "good" with `words`, or the error. Whether it was good.
  template <class Outcome>
  bool note(std::string_view what, const Outcome& outcome, const std::string& words) {
    if (outcome)
      good(what, words);
    else
      bad(what, outcome.error());
    return outcome.has_value();
  }
  /// done; unavailable where nothing else is wrong; failed.
  Exit exit() const;

 private:
  void print(std::string_view verdict, std::string_view what, const std::string& words);

  Io io_;
  bool as_json_;
  bool any_bad_ = false;
  bool only_unavailable_ = true;
};

}  // namespace trust::cli
