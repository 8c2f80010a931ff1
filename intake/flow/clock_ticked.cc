#include "intake/flow/clock_ticked.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "intake/answer/notice.h"
#include "intake/case/alarm_store.h"
#include "intake/case/case_store.h"
#include "intake/case/history_store.h"
#include "intake/clock/calendar.h"
#include "intake/flow/telling.h"
#include "intake/mailbox/ledger_store.h"
#include "lib/base/log.h"
#include "lib/outbox/outbox_store.h"
#include "lib/store/transact.h"

namespace trust::intake {

namespace {

using store::Connection;

/// What one thing told: a failure that is about the thing alone is logged, and the others go on.
Result<int> or_go_on(Result<int> told, const std::string& id) {
  if (told || told.error().fault() == Fault::unavailable ||
      told.error().fault() == Fault::outcome_unknown)
    return told;
  log(Event::step_failed, {{"step", "clock"}, {"id", id}, {"fault", told.error().fault()}});
  return 0;
}

UtcDay day_of(UtcTime at) { return std::chrono::floor<std::chrono::days>(at); }

/// Promises due up to here have one business day left, seen at the last `notices_at`.
UtcTime end_of_warning(const FlowTools& tools, const FlowSettings& settings, UtcTime now) {
  return tools.calendar.due(day_of(now - settings.notices_at), BusinessDays{1}).due;
}

/// The case that a promise is made in; of a mail without bytes, what stands for one.
Result<Case> owner_of(Connection& connection, const Promise& promise) {
  if (!is_about_quarantine(promise)) return CaseStore{connection}.hold(promise.case_id);
  Case mail;
  mail.id = promise.case_id.substr(kQuarantineCase.size());
  mail.received = promise.start;
  return mail;
}

/// One promise: marked, recorded and told in one transaction. If we die here, then nothing of it
/// stands and the next tick does it; after the commit the mark keeps every other one silent.
Result<int> tell_of(const FlowTools& tools, const FlowSettings& settings, const Promise& promise,
                    bool late, UtcTime now) {
  bool marked = false;
  Result<int> queued = store::transact(tools.connection, [&](Connection& c) -> Result<int> {
    marked = false;
    const Result<Case> held = owner_of(c, promise);
    if (!held) return held.error();
    AlarmStore alarms{c};
    const Result<bool> first = late ? alarms.call_late(promise, now) : alarms.warn(promise, now);
    if (!first) return first.error();
    if (!*first) return 0;
    marked = true;
    if (late && !is_about_quarantine(promise)) {
      const nlohmann::json detail{{"promise", promise.kind}, {"due", to_rfc3339(promise.due)}};
      if (Status noted =
              HistoryStore{c}.append(held->id, "late", now, Actor::program, detail.dump());
          !noted)
        return noted.error();
    }
    const UtcTime over_at = late ? promise.due : promise.due - std::chrono::days{1};
    if (over_at <= held->opened) return 0;  // an old mail's: no news to be woken by
    const AlarmFacts facts{*held, promise, late,
                           time_left_in_words(tools.calendar, now, promise.due)};
    const std::string reference = (late ? "late/" : "warning/") + held->id + "/" + promise.kind +
                                  "/" + std::to_string(to_epoch_ms(promise.start)) + "/";
    return queue_for_staff(c, settings, reference, now, [&](const std::string& person) {
      return compose_alarm(facts, person, {settings.identity, tools.keyring, tools.letters, now});
    });
  });
  if (queued && marked && late)
    log(Event::promise_late, {{"case", promise.case_id}, {"kind", promise.kind}});
  if (queued && *queued > 0)
    log(Event::notice_queued, {{"case", promise.case_id}, {"kind", late ? "late" : "warning"}});
  return queued;
}

MorningLine line_of(const FlowTools& tools, const QueuedCase& queued, UtcTime now) {
  return {queued.c.id,
          queued.due ? time_left_in_words(tools.calendar, now, *queued.due) : std::string{},
          queued.c.assignee, queued.c.subject};
}

Result<MorningFacts> what_waits(const FlowTools& tools, Connection& connection, UtcTime now) {
  MorningFacts facts;
  const auto cases_that_are = [&](const std::string& state) {
    CaseFilter filter;
    filter.state = state;
    filter.now = now;
    filter.limit = 10'000;
    return CaseStore{connection}.list(filter);
  };
  auto open = cases_that_are("open");
  if (!open) return open.error();
  std::stable_sort(open->begin(), open->end(), [](const QueuedCase& a, const QueuedCase& b) {
    return a.due.value_or(UtcTime::min()) < b.due.value_or(UtcTime::min());
  });
  const UtcTime tonight = day_of(now) + std::chrono::days{1};
  for (const QueuedCase& queued : *open) {
    auto& part = !queued.due              ? facts.open
                 : *queued.due <= now     ? facts.late
                 : *queued.due <= tonight ? facts.today
                                          : facts.open;
    part.push_back(line_of(tools, queued, now));
    if (queued.c.acknowledgment == "over_budget")
      facts.not_acknowledged.push_back(line_of(tools, queued, now));
  }
  // A promise of an answered case, its triage, runs out as well.
  const auto answered = cases_that_are("answered");
  if (!answered) return answered.error();
  for (const QueuedCase& queued : *answered)
    if (queued.due && *queued.due <= tonight)
      (*queued.due <= now ? facts.late : facts.today).push_back(line_of(tools, queued, now));
  const auto looks = cases_that_are("look");
  if (!looks) return looks.error();
  for (const QueuedCase& queued : *looks) facts.looks.push_back(line_of(tools, queued, now));
  const Result<int> quarantined = LedgerStore{connection}.count_quarantined();
  if (!quarantined) return quarantined.error();
  facts.quarantined = *quarantined;
  auto sent = outbox::OutboxStore{connection}.count_changed_since(
      tools.calendar.start_of_business_days_before(now, BusinessDays{1}));
  if (!sent) return sent.error();
  facts.failed = (*sent)["failed"];
  facts.uncertain = (*sent)["uncertain"];
  return facts;
}

/// What is done on each day once. If we die here, then the day's is not begun, and the next tick
/// begins it; after the commit it is done for every process.
Result<int> once_a_day(const FlowTools& tools, std::string_view what, UtcTime now,
                       const std::function<Result<int>(Connection&)>& act) {
  const Result<bool> done = AlarmStore{tools.connection}.was_done(what, day_of(now));
  if (!done) return done.error();
  if (*done) return 0;
  return store::transact(tools.connection, [&](Connection& c) -> Result<int> {
    const Result<bool> first = AlarmStore{c}.begin(what, day_of(now));
    if (!first) return first.error();
    return *first ? act(c) : Result<int>{0};
  });
}

Result<int> anchor_history(const FlowTools& tools, UtcTime now) {
  return once_a_day(tools, "anchor", now, [&](Connection& c) -> Result<int> {
    const Status done = HistoryStore{c}.anchor(now);
    return done ? Result<int>{0} : done.error();
  });
}

Result<int> morning_list(const FlowTools& tools, const FlowSettings& settings, UtcTime now) {
  const UtcDay day = day_of(now);
  if (!tools.calendar.is_business_day(day) || now < day + settings.notices_at) return 0;
  Result<int> queued = once_a_day(tools, "morning", now, [&](Connection& c) -> Result<int> {
    const Result<MorningFacts> facts = what_waits(tools, c, now);
    if (!facts) return facts.error();
    if (facts->is_empty()) return 0;
    return queue_for_staff(
        c, settings, "morning/" + to_iso_day(day) + "/", now, [&](const std::string& person) {
          return compose_morning(*facts, person,
                                 {settings.identity, tools.keyring, tools.letters, now});
        });
  });
  if (queued && *queued > 0) log(Event::notice_queued, {{"case", ""}, {"kind", "morning"}});
  return queued;
}

}  // namespace

Result<int> clock_ticked(const FlowTools& tools, const FlowSettings& settings) {
  const UtcTime now = tools.clock.now();
  AlarmStore alarms{tools.connection};
  int queued = 0;
  for (const bool late : {true, false}) {
    const auto promises =
        late ? alarms.to_call_late(now) : alarms.to_warn(now, end_of_warning(tools, settings, now));
    if (!promises) return promises.error();
    for (const Promise& promise : *promises) {
      const Result<int> told =
          or_go_on(tell_of(tools, settings, promise, late, now), promise.case_id);
      if (!told) return told.error();
      queued += *told;
    }
  }
  if (const Result<int> anchored = or_go_on(anchor_history(tools, now), "history"); !anchored)
    return anchored.error();
  const Result<int> listed = or_go_on(morning_list(tools, settings, now), "morning");
  if (!listed) return listed.error();
  return queued + *listed;
}

}  // namespace trust::intake
