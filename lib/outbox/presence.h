#pragma once

#include <optional>

#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::outbox {

/// Whether other processes send from the same PostgreSQL, told by advisory locks that the server
/// itself drops with a dead process's session: each sender holds a shared one for its life, and one
/// that gets it exclusively is alone. A SQLite file is on one machine, where the lock in state_dir
/// says it. Who is wrongly thought dead loses no mail and sends none twice: it may no longer mark
/// what it had claimed, and is believed about what it had sent.
class Presence {
 public:
  /// Opens a session of its own, kept until destruction; others who enter wait until settle().
  /// With rows in somebody's hands the answer is not "alone" before a living process, whose session
  /// a restart of the server may have ended, has had 3 s to come back.
  static Result<Presence> enter(const store::Database& database, bool alone_on_sqlite);

  bool is_alone() const { return alone_; }
  /// What a dead process left is taken over: others may come.
  Status settle();
  /// Takes the lock anew if its session was lost; to be called every second after settle().
  Status keep();

 private:
  Presence(std::optional<store::Connection> session, bool alone)
      : session_{std::move(session)}, alone_{alone} {}

  std::optional<store::Connection> session_;
  bool alone_;
};

}  // namespace trust::outbox
