#include "lib/base/error.h"

namespace trust {

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::invalid: return "invalid";
    case Fault::not_found: return "not_found";
    case Fault::conflict: return "conflict";
    case Fault::denied: return "denied";
    case Fault::unavailable: return "unavailable";
    case Fault::outcome_unknown: return "outcome_unknown";
    case Fault::internal: return "internal";
  }
  return "internal";
}

}  // namespace trust
