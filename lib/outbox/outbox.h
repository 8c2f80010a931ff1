#pragma once

/// lib/outbox: the one durable queue of mails to send, and the only code that sends.
///   outbox.h        values and states;  0001_outbox.sql  the table and its picture
///   outbox_store.*  the only SQL about it;  retry.*  when to try again (pure)
///   worker.*        claim, mark, send, record;  presence.*  who else does
///   pace.*          when to send: rate, the relay's trouble, mails that break connections
/// Promise: a row is `sending` in the store before the end of its mail may leave, and leaves that
/// state in the transaction that records the relay's answer. So a crash doubles nothing by itself:
/// what is found `sending` without an owner is `uncertain`, and is sent once more after 15 minutes
/// with the same Message-ID.
/// Not here: what the mails say (intake/answer, notifier/delivery).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/names.h"
#include "lib/base/time.h"

namespace trust::outbox {

/// In order of priority: smaller leaves first.
enum class Kind { sign_in, confirmation, answer, acknowledgment, notice, announcement };
constexpr Names<Kind, 6> names(Kind) {
  return {"sign_in", "confirmation", "answer", "acknowledgment", "notice", "announcement"};
}

enum class State {
  queued,
  claimed,
  sending,
  accepted,
  deferred,
  failed,
  uncertain,
  suppressed,
  left,
  cancelled,
};
constexpr Names<State, 10> names(State) {
  return {"queued", "claimed",   "sending",    "accepted", "deferred",
          "failed", "uncertain", "suppressed", "left",     "cancelled"};
}

/// A mail to be queued with its bytes.
struct NewMail {
  Kind kind;
  std::string reference;  ///< one mail per (kind, reference), for ever
  std::string envelope_from;
  std::string recipient;
  std::string message;
  std::string message_id;
  UtcTime due;      ///< not before
  UtcTime expires;  ///< given up afterwards
};

/// A row that a worker holds.
struct ClaimedMail {
  std::string id;
  Kind kind = Kind::notice;
  std::string reference;
  std::string batch;
  std::string reader;
  std::string envelope_from;
  std::string recipient;
  std::string message;  ///< "" where it has to be composed
  std::string message_id;
  std::int64_t attempts = 0;
  bool uncertain_once = false;
  UtcTime created;
  UtcTime expires;
};

}  // namespace trust::outbox
