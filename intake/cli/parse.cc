#include "intake/cli/commands.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "intake/report/understand.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/cli/output.h"

namespace trust::intake {

namespace {

namespace fs = std::filesystem;
using cli::or_null;
using nlohmann::ordered_json;

constexpr std::uint64_t kMostBytes = 1ULL << 30U;
constexpr std::size_t kBatch = 64;

/// What recognising needs besides the mail: from the configuration where there is one.
struct Background {
  MailContext context;
  ServiceBook services;
};

/// The services file that is used without a configuration: installed, or of the source folder.
std::optional<std::string> usual_services() {
  std::error_code ignored;
  const fs::path source =
      fs::path{own_executable()}.parent_path().parent_path() / "config/services.json";
  for (const fs::path& path : {fs::path{"/etc/trust-mail/services.json"}, source})
    if (fs::is_regular_file(path, ignored)) return path.string();
  return {};
}

/// A configuration that was not named on the command line is used if it can be read, and no word is
/// lost about it otherwise.
Result<Background> background(const cli::Arguments& arguments) {
  Background out;
  Config config;
  config.services = usual_services();
  const Result<Config> read = config::load_file<Config>(arguments.config_file());
  if (!read && !arguments.is_default_config()) return read.error();
  if (read) {
    config = *read;
    out.context.own_addresses = {config.address};
    out.context.own_lists = config.own_lists;
    out.context.authserv_id = config.authserv_id;
  }
  const auto named = arguments.value("--services");
  if (named) config.services = named;
  Result<ServiceBook> services = load_services(config);
  if (!services && (named || !arguments.is_default_config())) return services.error();
  if (services) out.services = *std::move(services);
  return out;
}

/// One file on its way.
struct Task {
  std::string file;
  Result<std::string> raw = std::string{};
  Result<mail::ParsedMail> parsed = mail::ParsedMail{};
};

std::string read_all(std::istream& in) {
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// Each thread with a parser of its own; the order of `tasks` stays.
void parse_all(std::span<Task> tasks, std::span<const ParseMail> parsers) {
  const auto work = [&](std::size_t first) {
    for (std::size_t i = first; i < tasks.size(); i += parsers.size()) {
      Task& task = tasks[i];
      if (task.file != "-") task.raw = read_file(task.file, kMostBytes);
      if (task.raw) task.parsed = parsers[first](*task.raw);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t n = 1; n < parsers.size(); ++n) threads.emplace_back(work, n);
  work(0);
  for (std::thread& thread : threads) thread.join();
}

/// The object `parse --json` prints for a mail: the keys of CLI.md in that order, absent = null or
/// an empty list.
ordered_json parse_json(std::string_view file, const mail::ParsedMail& mail,
                        const Understood& understood) {
  auto attachments = ordered_json::array();
  for (const mail::Attachment& a : mail.attachments)
    attachments.push_back({{"name", or_null(a.name)},
                           {"bytes", a.bytes ? ordered_json(*a.bytes) : ordered_json{}},
                           {"type", a.type}});
  auto bounces = ordered_json::array();
  for (const mail::Bounce& b : mail.bounces)
    bounces.push_back({{"recipient", or_null(b.recipient)},
                       {"status", or_null(b.status)},
                       {"kind", b.hard ? "hard" : "soft"},
                       {"fault", b.fault}});
  ordered_json arf;
  if (mail.arf)
    arf = {{"feedback_type", or_null(mail.arf->feedback_type)},
           {"source_ip", or_null(mail.arf->source_ip)},
           {"original_rcpt", or_null(mail.arf->original_rcpt)}};
  auto times = ordered_json::array();
  for (const NamedTime& time : understood.times) times.push_back(to_rfc3339(time.utc));
  return {{"file", file},
          {"subject", or_null(mail.subject)},
          {"from", or_null(mail.from.address)},
          {"from_name", or_null(mail.from.name)},
          {"to", mail.to},
          {"date_utc", or_null(mail.date)},
          {"message_id", or_null(mail.message_id)},
          {"text", or_null(mail.text)},
          {"has_html", mail.has_html},
          {"attachments", std::move(attachments)},
          {"is_bounce", mail.is_bounce},
          {"bounces", std::move(bounces)},
          {"is_auto_reply", mail.is_auto_reply},
          {"must_not_ack", mail.must_not_ack},
          {"arf", std::move(arf)},
          {"visible_reply", or_null(mail.visible_reply)},
          {"kind", name_of(understood.kind)},
          {"urgent", understood.urgent},
          {"encrypted", understood.encrypted},
          {"services", understood.services},
          {"times_utc", std::move(times)},
          {"lossy_charset", mail.lossy_charset},
          {"unparsed", mail.unparsed}};
}

void print_for_people(std::ostream& out, const ordered_json& mail) {
  for (const char* key : {"file", "subject", "from", "date_utc", "kind", "services", "times_utc"}) {
    if (mail[key].is_null() || mail[key].empty()) continue;
    const std::string value =
        mail[key].is_string() ? mail[key].get<std::string>() : mail[key].dump();
    out << fmt::format("{:<10}{}\n", key, to_display(value, Newlines::to_space));
  }
  for (const char* key :
       {"urgent", "encrypted", "is_bounce", "is_auto_reply", "must_not_ack", "unparsed"})
    if (mail[key].get<bool>()) out << fmt::format("{:<10}yes\n", key);
  const std::string text = mail["text"].is_null() ? "" : mail["text"].get<std::string>();
  const std::string shown = to_display(text, Newlines::keep);
  for (const std::string_view line : lines_of(shown)) out << "  | " << line << '\n';
  out << '\n';
}

/// DIR/FILE.json, and no two files under one name.
Result<std::string> place_in(const std::string& folder, const std::string& file,
                             std::map<std::string, std::string>& taken) {
  const std::string name = file == "-" ? "stdin" : fs::path{file}.filename().string();
  const auto [entry, is_new] = taken.emplace(name, file);
  if (!is_new)
    return Error{Fault::conflict, fmt::format("--out: {} and {} would both be {}/{}.json",
                                              entry->second, file, folder, name)};
  return fmt::format("{}/{}.json", folder, name);
}

Status write_json(const std::string& path, const ordered_json& value) {
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out << value.dump(1, ' ', /*ensure_ascii=*/false, ordered_json::error_handler_t::replace) << '\n';
  out.close();
  if (out) return ok();
  return Error{Fault::unavailable, path + ": cannot be written"};
}

}  // namespace

cli::Exit run_parse(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto& files = arguments.words();
  const Result<Background> known = background(arguments);
  if (!known) return program::not_ready(io, known.error());
  MailContext context = known->context;
  const std::optional<std::string> folder = arguments.value("--out");
  std::map<std::string, std::string> taken;
  std::vector<std::string> places;
  if (folder) {
    if (Status made = make_folder(*folder); !made) return cli::fail(io, made.error());
    for (const std::string& file : files) {
      Result<std::string> place = place_in(*folder, file, taken);
      if (!place) return cli::fail(io, place.error());
      places.push_back(*std::move(place));
    }
  }

  std::vector<ParseMail> parsers;
  const std::size_t threads =
      std::min<std::size_t>(files.size(), std::max(1U, std::thread::hardware_concurrency()));
  for (std::size_t n = 0; n < threads; ++n) parsers.push_back(app.new_parser());
  cli::Progress progress{io.err, "parsing", files.size()};
  cli::Exit exit = cli::Exit::done;
  for (std::size_t begin = 0; begin < files.size(); begin += kBatch) {
    std::vector<Task> tasks(std::min(kBatch, files.size() - begin));
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      tasks[i].file = files[begin + i];
      if (tasks[i].file == "-") tasks[i].raw = read_all(io.in);
    }
    parse_all(tasks, parsers);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const Task& task = tasks[i];
      progress.step();
      if (!task.raw || !task.parsed) {
        exit = cli::fail(io, task.raw ? task.parsed.error().within(task.file) : task.raw.error());
        continue;
      }
      // When it arrived is not known here; its own words for that will do.
      context.received =
          task.parsed->topmost_received ? task.parsed->topmost_received : task.parsed->date;
      const ordered_json mail =
          parse_json(task.file, *task.parsed, understand(*task.parsed, context, known->services));
      if (folder) {
        if (Status written = write_json(places[begin + i], mail); !written)
          return cli::fail(io, written.error());
      } else if (arguments.wants_json()) {
        cli::print_json(io.out, mail);
      } else {
        print_for_people(io.out, mail);
      }
    }
  }
  return exit;
}

}  // namespace trust::intake
