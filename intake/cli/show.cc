#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/case_json.h"
#include "intake/cli/commands.h"
#include "intake/clock/calendar.h"
#include "lib/base/text.h"
#include "lib/cage/parser_child.h"
#include "lib/cli/output.h"

namespace trust::intake {

namespace {

/// Text from outside is shown only after to_display (SEC-29, SEC-37).
std::string safe(std::string_view text) { return to_display(text, Newlines::to_space); }

void print_indented(std::ostream& out, std::string_view text) {
  const std::string shown = to_display(text, Newlines::keep);
  for (const std::string_view line : lines_of(shown)) out << "  | " << line << '\n';
}

void print_field(std::ostream& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out << fmt::format("{:<16}{}\n", name, value);
}

std::string person(const std::string& address, const std::string& name) {
  return name.empty() ? safe(address)
                      : fmt::format("{} (calls itself: {})", safe(address), safe(name));
}

void print_case(std::ostream& out, const Case& c, const ServiceBook& services) {
  out << c.id << "  " << c.state << "  " << kind_in_words(c) << "\n\n";
  print_field(out, "Subject", safe(c.subject));
  print_field(out, "Reporter",
              c.reporter_address.empty() ? "nobody who can be answered"
                                         : person(c.reporter_address, c.reporter_name));
  print_field(out, "Authentication", c.dmarc.empty() ? "" : "dmarc=" + safe(c.dmarc));
  print_field(out, "Received", to_rfc3339(c.received));
  std::vector<std::string> names;
  for (const std::string& id : c.services) names.emplace_back(services.name_of(id));
  print_field(out, "Services", safe(join(names, ", ")));
  const auto times = nlohmann::json::parse(c.times, nullptr, /*allow_exceptions=*/false);
  if (times.is_array())
    for (const auto& time : times)
      print_field(
          out, "Time",
          fmt::format("{} (\"{}\")", safe(time.value("utc", "")), safe(time.value("words", ""))));
  print_field(out, "Marks", safe(join(c.marks, ", ")));
  print_field(out, "Look because", safe(c.look_because));
  print_field(out, "Assignee", safe(c.assignee));
  print_field(out, "Acknowledgment", acknowledgment_in_words(c));
  print_field(out, "Outcome", c.outcome);
  print_field(out, "Incident", safe(c.incident));
  print_field(out, "Post-mortem", safe(c.post_mortem_url));
  print_field(out, "Version", std::to_string(c.version));
}

void print_promise(std::ostream& out, const PromiseView& view, const Calendar& calendar,
                   UtcTime now) {
  const Promise& p = view.promise;
  std::string state = p.met      ? "met " + to_rfc3339(*p.met) + (*p.met < p.due ? "" : ", late")
                      : p.voided ? "void " + to_rfc3339(*p.voided)
                                 : time_left_in_words(calendar, now, p.due);
  out << fmt::format("  {:<12}by {}; {}{}\n", p.kind, end_of_day_in_words(p.due), state,
                     p.provisional ? "; provisional, the holiday file ends before it" : "");
  out << fmt::format("  {:<12}from {} ({}), days counted:\n", "", to_rfc3339(p.start),
                     view.start_by);
  const std::string counted = counted_in_words(view.counted);
  for (const std::string_view line : lines_of(counted))
    out << fmt::format("  {:<12}  {}\n", "", line);
}

void print_mail(std::ostream& out, const MailView& view, std::size_t n) {
  const StoredMail& m = view.mail;
  out << fmt::format("\nMail {}: {} from {}, {}, {}{}{}\n", n, to_rfc3339(m.received),
                     view.parsed.from.address.empty()
                         ? "nobody"
                         : person(view.parsed.from.address, view.parsed.from.name),
                     m.relation, size_in_words(static_cast<std::uint64_t>(m.size_bytes)),
                     m.truncated ? ", too large, see mailbox" : "",
                     view.parsed.unparsed ? ", only its header could be read" : "");
  print_field(out, "  Subject", safe(view.parsed.subject));
  print_indented(out, view.parsed.text);
}

void print_history(std::ostream& out, const HistoryEntry& h) {
  const auto detail = nlohmann::json::parse(h.detail, nullptr, /*allow_exceptions=*/false);
  const bool is_note = h.kind == "note" && detail.is_object();
  out << fmt::format("  {}  {}  {} by {}\n", h.seq, to_rfc3339(h.at), h.kind,
                     is_note ? safe(detail.value("by", "")) : h.actor);
  if (is_note) print_indented(out, detail.value("words", ""));
}

void print_view(std::ostream& out, const CaseView& view, const Office& office, UtcTime now) {
  print_case(out, view.c, office.services);
  if (!view.promises.empty()) out << "\nPromises\n";
  for (const PromiseView& p : view.promises) print_promise(out, p, office.calendar, now);
  for (std::size_t i = 0; i < view.mails.size(); ++i) print_mail(out, view.mails[i], i + 1);
  if (!view.attachments.empty()) out << "\nAttachments\n";
  for (const NumberedAttachment& a : view.attachments)
    out << fmt::format("  {}  {}  {}  {}\n", a.n,
                       a.attachment.name.empty() ? "(no name)" : safe(a.attachment.name),
                       safe(a.attachment.type),
                       a.attachment.bytes ? size_in_words(*a.attachment.bytes) : "a mail");
  for (const CaseStore::Answer& a : view.answers) {
    out << fmt::format("\nAnswer: {} by {}, {}\n", a.outcome, safe(a.by), to_rfc3339(a.at));
    print_indented(out, a.words);
  }
  if (!view.history.empty()) out << "\nHistory\n";
  for (const HistoryEntry& h : view.history) print_history(out, h);
}

}  // namespace

cli::Exit run_show(Office& office, const cli::Arguments& arguments, cli::Io io) {
  const std::string& id = arguments.words()[0];
  Desk desk = office.desk();
  if (arguments.has("--raw")) {
    const auto mails = desk.raw_mails(id);
    if (!mails) return cli::fail(io, mails.error());
    for (const std::string& raw : *mails) io.out << raw;
    return cli::Exit::done;
  }
  const Result<CaseView> view = desk.show(id);
  if (!view) return cli::fail(io, view.error());
  const UtcTime now = office.app.clock.now();
  if (arguments.wants_json())
    cli::print_json(io.out, to_json(*view, now));
  else
    print_view(io.out, *view, office, now);
  return cli::Exit::done;
}

cli::Exit run_attachment(App& app, const cli::Arguments& arguments, cli::Io io) {
  const std::string& digits = arguments.words()[1];
  int n = 0;
  const char* const end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, n).ptr != end || n < 1)
    return cli::refuse(io, "N: write a number from 1, as `show` numbers the attachments");
  return program::opened<Office>(app, arguments, io, [&](Office& office) {
    const auto source = office.desk().attachment(arguments.words()[0], n);
    if (!source) return cli::fail(io, source.error());
    cage::ParserChild child;
    const Result<std::string> bytes = child.decode(source->raw, source->attachment);
    if (!bytes) return cli::fail(io, bytes.error());
    io.out << *bytes;
    return cli::Exit::done;
  });
}

}  // namespace trust::intake
