#include "lib/outbox/retry.h"

#include <algorithm>

#include "lib/base/text.h"

namespace trust::outbox {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeptReplyBytes = 500;

}  // namespace

std::chrono::milliseconds pause_after(std::int64_t deferrals, double jitter) {
  constexpr std::chrono::minutes kFirst[] = {2min, 5min, 15min, 30min};
  std::chrono::milliseconds pause = kFirst[std::clamp<std::int64_t>(deferrals, 1, 4) - 1];
  for (std::int64_t n = 5; n <= deferrals && pause < 4h; ++n) pause *= 2;
  pause = std::min<std::chrono::milliseconds>(pause, 4h);
  return pause + std::chrono::milliseconds{
                     static_cast<std::int64_t>(static_cast<double>(pause.count()) * 0.1 * jitter)};
}

std::chrono::milliseconds lifetime_of(Kind kind) {
  switch (kind) {
    case Kind::sign_in: return 10min;
    case Kind::confirmation: return std::chrono::days{7};
    case Kind::answer: return std::chrono::days{5};
    default: return std::chrono::days{2};
  }
}

Verdict verdict_for(const ClaimedMail& mail, const mail::SendResult& result, UtcTime now,
                    double jitter) {
  Verdict verdict{.state = State::queued,
                  .due = now,
                  .attempts_made = 1,
                  .reply_code = result.code,
                  .reply_status = result.status,
                  .reply_text = without_addresses(result.reply)};
  switch (result.outcome) {
    case mail::Outcome::accepted: verdict.state = State::accepted; break;
    case mail::Outcome::failed: verdict.state = State::failed; break;
    case mail::Outcome::uncertain: verdict.state = State::uncertain; break;
    case mail::Outcome::deferred:
      verdict.state = State::deferred;
      verdict.due = now + pause_after(mail.attempts + 1, jitter);
      // The next try would come too late: this was the last one.
      if (verdict.due >= mail.expires)
        verdict.state = mail.uncertain_once ? State::uncertain : State::failed;
      break;
    case mail::Outcome::relay:
    case mail::Outcome::held_back: verdict.attempts_made = 0; break;
  }
  return verdict;
}

std::string without_addresses(std::string_view reply) {
  std::string out;
  const std::string clean = to_clean_utf8(reply);
  for (std::size_t at = 0; at < clean.size();) {
    const std::size_t end = std::min(clean.find_first_of(" \t\r\n<>()\",;", at), clean.size());
    const std::string_view word = std::string_view{clean}.substr(at, end - at);
    out += word.find('@') == std::string_view::npos ? word : "[address]";
    if (end < clean.size()) out += clean[end];
    at = end + 1;
  }
  return std::string{cut_utf8(out, kKeptReplyBytes)};
}

}  // namespace trust::outbox
