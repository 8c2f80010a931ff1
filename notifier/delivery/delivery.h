#pragma once

/// notifier/delivery: one announcement, to one reader, once. The rows stand in the outbox (kind
/// 'announcement', batch = announcement, reader = subscriber); lib/outbox sends them.
///   delivery.h            the report's numbers, and when they say "finished" (pure)
///   delivery_store.*      fan-out, release, and the report's counts
///   announcement_mail.*   what one reader's mail says (pure)
///   mail_composer.*       the mail made when it is sent, and whether it still may be
/// States: lib/outbox/outbox.h. Promise: the recipients are those who were confirmed when the
/// announcement was made; who leaves or is suppressed before their mail's last byte gets none.
/// Not here: when an announcement may leave (announcement/), the steps in order (flow/).

#include <cstdint>
#include <string>

#include "lib/base/time.h"

namespace trust::notifier {

/// Where every delivery of an announcement stands.
struct Report {
  std::int64_t recipients = 0;  ///< frozen with the announcement
  std::int64_t queued = 0, claimed = 0, sending = 0, deferred = 0;
  std::int64_t accepted = 0, failed = 0, uncertain = 0;
  std::int64_t suppressed = 0, left = 0, cancelled = 0;
  std::int64_t uncertain_waiting = 0;  ///< of `uncertain`: sent once more after 15 min

  std::int64_t eligible() const {
    return queued + claimed + sending + deferred + accepted + failed + uncertain + suppressed +
           left + cancelled;
  }
  /// Every frozen recipient has exactly one state.
  bool closes() const { return eligible() == recipients; }
  /// Nothing is left to send. Computed, never stored.
  bool is_finished() const {
    return queued + claimed + sending + deferred + uncertain_waiting == 0;
  }
};

/// A delivery that did not arrive, for `announcement report --failed`. For a terminal, never a log.
struct Undelivered {
  std::string address;  ///< "" if the reader is no longer on the list
  std::string state;    ///< failed, uncertain or deferred
  int code = 0;
  std::string status;
  std::string reply;  ///< the relay's words, addresses cut out
  UtcTime at;
};

}  // namespace trust::notifier
