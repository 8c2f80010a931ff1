#include "lib/cli/findings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/text.h"
#include "lib/cli/json_out.h"

namespace trust::cli {

void Findings::bad(std::string_view what, const Error& error) {
  any_bad_ = true;
  only_unavailable_ = only_unavailable_ && error.fault() == Fault::unavailable;
  print("BAD", what, error.text());
}

Exit Findings::exit() const {
  if (!any_bad_) return Exit::done;
  return only_unavailable_ ? Exit::unavailable : Exit::failed;
}

void Findings::print(std::string_view verdict, std::string_view what, const std::string& words) {
  if (as_json_)
    print_json(io_.out, {{"verdict", to_lower(verdict)}, {"what", what}, {"words", words}});
  else
    io_.out << fmt::format("{:<5}{:<12}{}\n", verdict, what, to_display(words, Newlines::to_space))
            << std::flush;
}

}  // namespace trust::cli
