#include "lib/base/error.h"

#include "lib/base/names.h"

namespace trust {

std::string_view name_of(Fault fault) {
  constexpr Names<Fault, 7> kFaults{"invalid",     "not_found",       "conflict", "denied",
                                    "unavailable", "outcome_unknown", "internal"};
  return kFaults.of(fault);
}

}  // namespace trust
