#pragma once

#include <optional>
#include <type_traits>

#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::store {

/// Connection::transaction for work that makes a value: committed if there is one, rolled back if
/// there is a failure. What the work holds in its own variables is fresh when it has to run again.
template <class Work>
std::invoke_result_t<Work, Connection&> transact(Connection& connection, Work work) {
  std::optional<std::invoke_result_t<Work, Connection&>> made;
  const Status done = connection.transaction([&](Connection& c) -> Status {
    made.emplace(work(c));
    return *made ? ok() : Status{made->error()};
  });
  if (!done) return done.error();
  return *std::move(made);
}

}  // namespace trust::store
