#pragma once

/// intake/answer: the mails intake writes. Pure: values in, bytes out; no store, no network.
///   answer.h         outcomes, and who we are in a mail
///   letters.*        the words, from templates/mail/en
///   letter.*         to the reporter: the acknowledgment, by itself, which holds not one word of
///                    the report, and what a person says: an answer with an outcome, or a reply
///   notice.*         to staff: a new case, what the clock says, the morning list
///   register.*       which incidents there are, and whether their post-mortems are out
/// Every mail carries the case's signed thread reference, so that whatever is answered to it finds
/// its case. Not here: whether a mail is owed or allowed (flow/, desk/), sending (lib/outbox).

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/names.h"
#include "lib/base/token.h"

namespace trust::intake {

/// What a person may tell a reporter. All but `reply` meet the response promise.
enum class Outcome { tracking, post_mortem, explained, bounty, reply };
constexpr Names<Outcome, 5> names(Outcome) {
  return {"tracking", "post-mortem", "explained", "bounty", "reply"};
}

/// Who we are in a mail.
struct Identity {
  std::string address;                  ///< security@example.org: reports arrive here
  std::string name = "Security team";   ///< display name of From
  std::optional<std::string> reply_to;  ///< "security+{token}@example.org"; none: no Reply-To
  /// Acknowledgments and letters leave from security+TOKEN@…, which never auto-answers, so that
  /// their bounces find the case. False: acknowledgments from <>, letters from `address`.
  bool signed_envelope = true;
};

/// A mail ready for the outbox.
struct Outgoing {
  std::string envelope_from;
  std::string recipient;
  std::string message;     ///< RFC 5322 bytes
  std::string message_id;  ///< without <>
};

}  // namespace trust::intake
