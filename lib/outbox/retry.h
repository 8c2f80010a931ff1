#pragma once

#include <chrono>

#include "lib/mail/transport.h"
#include "lib/outbox/outbox.h"
#include "lib/outbox/outbox_store.h"

namespace trust::outbox {

/// Pause after the n-th deferral (n from 1): 2, 5, 15, 30 min, then doubling up to 4 h. `jitter` in
/// [0, 1) adds up to a tenth.
std::chrono::milliseconds pause_after(std::int64_t deferrals, double jitter);

/// How long a mail of this kind is worth sending: as long as its link for sign-in (10 min) and
/// confirmation (7 days), 5 days for answers, 2 days for the others.
std::chrono::milliseconds lifetime_of(Kind kind);

/// What a row becomes after the relay's answer. A second `uncertain` is final; `relay` and
/// `held_back` give the row back and count as no attempt. What was uncertain once and expires stays
/// uncertain.
Verdict verdict_for(const ClaimedMail& mail, const mail::SendResult& result, UtcTime now,
                    double jitter);

/// The relay's words without anything that looks like an address; at most 500 bytes.
std::string without_addresses(std::string_view reply);

}  // namespace trust::outbox
