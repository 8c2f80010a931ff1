#include "lib/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cassert>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

namespace trust {

namespace {

constexpr EventRow kEvents[] = {
    {Event::started, "started", "info", "program version", "the service begins"},
    {Event::stopped, "stopped", "info", "program", "the service ended in good order"},
    {Event::stop_forced, "stop_forced", "warn", "program",
     "a peer kept a thread past stop_wait; the process ended, what it held is taken over at the "
     "next start"},
    {Event::config_reloaded, "config_reloaded", "info", "program needs_restart",
     "settings and secrets were read again; needs_restart: how many changes wait for a restart"},
    {Event::config_refused, "config_refused", "error", "program",
     "the new settings are not usable; the old ones stay in force"},
    {Event::store_opened, "store_opened", "info", "engine schema", "the store answers"},
    {Event::store_failed, "store_failed", "error", "statement fault", "a statement failed"},
    {Event::store_went_back, "store_went_back", "error", "epoch seen",
     "the store has forgotten what this machine did: a replica that was behind, or an older copy; "
     "the program stops"},
    {Event::migrated, "migrated", "info", "schema", "the schema was brought up to date"},
    {Event::mailbox_connected, "mailbox_connected", "info", "", "logged in to the mailbox"},
    {Event::mailbox_failed, "mailbox_failed", "warn", "step fault retry_s",
     "the mailbox could not be read; tried again after retry_s"},
    {Event::mailbox_synced, "mailbox_synced", "info", "new known ms", "one look at the mailbox"},
    {Event::mailbox_watched, "mailbox_watched", "info", "",
     "the server tells of new mail at once (IDLE)"},
    {Event::folder_missing, "folder_missing", "warn", "", "a watched folder is not there"},
    {Event::folder_renewed, "folder_renewed", "warn", "listed",
     "the server counts a folder's mail anew (UIDVALIDITY); every mail is compared with what is "
     "here"},
    {Event::mail_overlooked, "mail_overlooked", "error", "count",
     "mail that was on the server for longer than two looks and had no outcome; it is fetched now"},
    {Event::first_look, "first_look", "info", "before_us recent",
     "mail that was there before the first run: counted, not answered; recent = last 3 business "
     "days"},
    {Event::mail_stored, "mail_stored", "info", "mail bytes", "raw bytes are in the ledger"},
    {Event::mail_parsed, "mail_parsed", "info", "mail ms", "the parser child understood a mail"},
    {Event::mail_unparsed, "mail_unparsed", "warn", "mail reason",
     "the parser child could not read a mail; it is filed from what its header yields"},
    {Event::mail_filed, "mail_filed", "info", "mail kind case", "a mail has its place"},
    {Event::mail_quarantined, "mail_quarantined", "error", "uid fault",
     "the server would not give the bytes of a mail; tried again daily"},
    {Event::mail_released, "mail_released", "info", "uid",
     "a quarantined mail came whole, or is gone"},
    {Event::mails_adopted, "mails_adopted", "info", "count",
     "mail from before the first run was taken in"},
    {Event::mails_imported, "mails_imported", "info", "count known",
     "mail was taken in from files"},
    {Event::step_failed, "step_failed", "error", "step id fault",
     "a step of a mail or case failed; tried again with the next look"},
    {Event::case_opened, "case_opened", "info", "case kind urgent", "a promise begins"},
    {Event::case_joined, "case_joined", "info", "case mail", "a mail joined its case"},
    {Event::case_answered, "case_answered", "info", "case outcome", "a person answered"},
    {Event::case_changed, "case_changed", "info", "case change", "a person changed a case"},
    {Event::acknowledged, "acknowledged", "info", "case", "the acknowledgment is in the outbox"},
    {Event::not_acknowledged, "not_acknowledged", "info", "case reason",
     "no acknowledgment is owed, or the budget forbids it"},
    {Event::notice_queued, "notice_queued", "info", "case kind", "staff will be told by mail"},
    {Event::promise_late, "promise_late", "error", "case kind", "a promise was not kept in time"},
    {Event::relay_connected, "relay_connected", "info", "", "logged in to the relay"},
    {Event::relay_failed, "relay_failed", "warn", "step fault retry_s",
     "the relay could not be used; no mail's attempts are consumed"},
    {Event::relay_recovered, "relay_recovered", "info", "down_s", "the relay can be used again"},
    {Event::mail_accepted, "mail_accepted", "info", "row kind ms", "the relay took a mail"},
    {Event::mail_deferred, "mail_deferred", "info", "row kind code status",
     "the relay asked to try later"},
    {Event::mail_failed, "mail_failed", "warn", "row kind code status",
     "the relay refused for good"},
    {Event::mail_uncertain, "mail_uncertain", "warn", "row kind",
     "the end of a mail was sent and no answer came; sent once more after 15 minutes"},
    {Event::mail_recovered, "mail_recovered", "warn", "queued uncertain",
     "rows that a dead worker had left"},
    {Event::mail_dropped, "mail_dropped", "info", "row kind state",
     "a mail was not sent: its reader left, is suppressed, or it was cancelled or expired"},
    {Event::site_read, "site_read", "info", "source pages ms", "one look at the publications"},
    {Event::site_failed, "site_failed", "warn", "source fault",
     "the publications could not be read"},
    {Event::page_found, "page_found", "info", "incident", "a published post-mortem is new to us"},
    {Event::page_before_us, "page_before_us", "info", "count",
     "post-mortems that were out before the first look: announced to nobody"},
    {Event::page_refused, "page_refused", "warn", "incident reason",
     "a page that is not announced"},
    {Event::announced, "announced", "info", "announcement recipients hold_s",
     "recipients are frozen; mail leaves after the hold"},
    {Event::announcement_held, "announcement_held", "warn", "announcement reason",
     "staff are asked before anybody is told"},
    {Event::announcement_released, "announcement_released", "info", "announcement",
     "the hold is over"},
    {Event::announcement_cancelled, "announcement_cancelled", "info", "announcement rows",
     "a person stopped it"},
    {Event::announcement_finished, "announcement_finished", "info", "announcement accepted failed",
     "nothing is left to send"},
    {Event::subscriber_changed, "subscriber_changed", "info", "subscriber state",
     "consent changed"},
    {Event::confirmation_queued, "confirmation_queued", "info", "subscriber",
     "somebody asked for the list; the address is asked to confirm"},
    {Event::feed_written, "feed_written", "info", "items", "feed and incidents.json are written"},
    {Event::child_died, "child_died", "warn", "reason",
     "the parser child ended; a new one is started"},
    {Event::cage_weak, "cage_weak", "warn", "missing",
     "the kernel lacks a part of the parser's cage"},
    {Event::http_listening, "http_listening", "info", "port", "the pages are served"},
    {Event::http_answered, "http_answered", "info", "method route status ms",
     "a request; the route is its template, never its path"},
    {Event::http_refused, "http_refused", "warn", "reason", "a request that broke a limit"},
};

const EventRow& row_of(Event event) {
  const EventRow& row = kEvents[static_cast<std::size_t>(event)];
  assert(row.event == event);
  return row;
}

bool is_listed(std::string_view fields, std::string_view key) {
  const auto listed = split(fields, ' ');
  return std::find(listed.begin(), listed.end(), key) != listed.end();
}

bool is_name(std::string_view word) {
  return all_of(word, [](char c) {
    return is_alnum(c) || c == '_' || c == '.' || c == ':' || c == '-' || c == '/';
  });
}

std::atomic<bool> silent{false};

spdlog::logger& logger() {
  static const auto made = [] {
    auto l = std::make_shared<spdlog::logger>("trust",
                                              std::make_shared<spdlog::sinks::stdout_sink_mt>());
    l->set_pattern("%v");
    l->flush_on(spdlog::level::info);
    return l;
  }();
  return *made;
}

}  // namespace

std::span<const EventRow> log_events() { return kEvents; }

std::string log_line(Event event, std::span<const LogField> fields) {
  const EventRow& row = row_of(event);
  std::string line = fmt::format(R"("level":"{}","event":"{}")", row.level, row.name);
  for (const LogField& field : fields) {
    const bool listed = is_listed(row.fields, field.key);
    assert(listed);
    if (!listed) continue;
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      line += fmt::format(R"(,"{}":{})", field.key, *number);
    } else {
      const std::string_view word = std::get<std::string_view>(field.value);
      line += fmt::format(R"(,"{}":"{}")", field.key, is_name(word) ? word : "?");
    }
  }
  return line;
}

void log(Event event, std::initializer_list<LogField> fields) {
  if (silent) return;
  const std::string line = fmt::format(R"({{"time":"{}",{}}})", to_rfc3339(SystemClock{}.now()),
                                       log_line(event, std::span{fields.begin(), fields.size()}));
  logger().info("{}", line);
}

void set_log_output(LogTo where) { silent = where == LogTo::nowhere; }

}  // namespace trust
