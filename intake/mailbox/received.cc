#include "intake/mailbox/ledger.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"

namespace trust::intake {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kHeaderBytes = 256U << 10U;
constexpr std::string_view kReceived = "Received:";
constexpr auto kOldestArrival = std::chrono::days{400};
constexpr auto kClockSkew = 1h;

/// Of the topmost Received field, found by its name alone: reading a header whole is the caged
/// child's business.
std::optional<UtcTime> topmost_received(std::string_view raw) {
  std::string field;
  for (const std::string_view line : lines_of(raw.substr(0, kHeaderBytes))) {
    const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
    if (line.empty() || (!field.empty() && !goes_on)) break;
    if (!field.empty() || equals_ignoring_case(line.substr(0, kReceived.size()), kReceived))
      field += line;
  }
  const std::size_t semicolon = field.rfind(';');
  if (semicolon == std::string::npos) return {};
  return mail::parse_date(std::string_view{field}.substr(semicolon + 1));
}

}  // namespace

Received received_time(std::optional<UtcTime> internal_date, UtcTime first_seen) {
  if (internal_date && *internal_date >= first_seen - kOldestArrival &&
      *internal_date <= first_seen + kClockSkew)
    return {*internal_date, "internal_date"};
  const bool is_old = internal_date && *internal_date < first_seen;
  return {first_seen, is_old ? "first_seen_of_old" : "first_seen"};
}

Received received_after_renewal(std::string_view raw, std::optional<UtcTime> internal_date,
                                UtcTime first_seen) {
  Received received = received_time(internal_date, first_seen);
  if (const auto stamped = topmost_received(raw))
    return *stamped < received.at ? Received{*stamped, "received_field"} : received;
  received.by = "internal_date_of_renewed";
  return received;
}

std::string quarantine_name(const FolderKey& key, std::uint32_t uid) {
  return key.folder + "/" + std::to_string(key.uidvalidity) + "/" + std::to_string(uid);
}

}  // namespace trust::intake
