#pragma once

#include <optional>

#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::outbox {

/// Whether other processes send from the same PostgreSQL, told by advisory locks that the server
/// itself drops with a dead process's session: each sender holds a shared one for its life, and one
/// that gets it exclusively is alone. A SQLite file is on one machine, where the lock in state_dir
/// says it.
class Presence {
 public:
  /// Opens a session of its own, kept until destruction. While the answer is "alone", others wait.
  static Result<Presence> enter(const store::Database& database, bool alone_on_sqlite);

  bool is_alone() const { return alone_; }
  /// What a dead process left is taken over: others may come.
  Status settle();

 private:
  Presence(std::optional<store::Connection> session, bool alone)
      : session_{std::move(session)}, alone_{alone} {}

  std::optional<store::Connection> session_;
  bool alone_;
};

}  // namespace trust::outbox
