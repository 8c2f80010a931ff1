#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/error.h"

namespace trust {

/// Everything this software ever writes to a log. The list is closed: `logs` prints it, and there
/// is no other way to write a line. No event has a field for an address, subject, token, network
/// address or text that came from a peer or driver.
enum class Event {
  started,
  stopped,
  stop_forced,
  config_reloaded,
  config_refused,
  store_opened,
  store_failed,
  store_went_back,
  migrated,
  mailbox_connected,
  mailbox_failed,
  mailbox_synced,
  mailbox_watched,
  folder_missing,
  folder_renewed,
  mail_overlooked,
  first_look,
  mail_stored,
  mail_parsed,
  mail_unparsed,
  mail_filed,
  mail_quarantined,
  mail_released,
  mails_adopted,
  mails_imported,
  step_failed,
  case_opened,
  case_joined,
  case_answered,
  case_changed,
  acknowledged,
  not_acknowledged,
  notice_queued,
  promise_late,
  relay_connected,
  relay_failed,
  relay_recovered,
  mail_accepted,
  mail_deferred,
  mail_failed,
  mail_uncertain,
  mail_recovered,
  mail_dropped,
  site_read,
  site_failed,
  page_found,
  page_before_us,
  page_refused,
  announced,
  announcement_held,
  announcement_released,
  announcement_cancelled,
  announcement_finished,
  subscriber_changed,
  confirmation_queued,
  feed_written,
  child_died,
  cage_weak,
  http_listening,
  http_answered,
  http_refused,
};

/// What an event may carry: a number, or a name of ours (an id or one of our own fixed words).
/// A name with any character outside [A-Za-z0-9_.:/-] is logged as "?", so text from outside cannot
/// enter even by mistake.
struct LogField {
  template <std::integral Number>
  LogField(std::string_view name, Number number)
      : key{name}, value{static_cast<std::int64_t>(number)} {}
  template <std::convertible_to<std::string_view> Word>
  LogField(std::string_view name, const Word& word) : key{name}, value{std::string_view{word}} {}
  LogField(std::string_view name, Fault fault) : key{name}, value{name_of(fault)} {}

  std::string_view key;
  std::variant<std::int64_t, std::string_view> value;
};

/// One JSON line on standard output: time, level, event and the fields, in that order. A field that
/// the event's row does not list is a bug: it asserts, and is left out of a release build's line.
/// Any thread; never throws.
void log(Event event, std::initializer_list<LogField> fields = {});

/// Commands whose standard output is data log nowhere.
enum class LogTo { standard_output, nowhere };
void set_log_output(LogTo where);

/// A row of the list that `logs` prints.
struct EventRow {
  Event event;
  std::string_view name;
  std::string_view level;   ///< info, warn or error
  std::string_view fields;  ///< space separated; empty: none
  std::string_view doc;
};
std::span<const EventRow> log_events();

/// The line that `log` would write, without its time; for tests.
std::string log_line(Event event, std::span<const LogField> fields);

}  // namespace trust
