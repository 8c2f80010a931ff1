#include "intake/cli/app.h"

#include <unistd.h>
#include <iostream>
#include <istream>
#include <ostream>
#include <utility>

#include "intake/schema/migrations.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/net/http_fetch.h"
#include "lib/program/service.h"

namespace trust::intake {

namespace {

/// A file that a setting names.
Result<std::string> read_named(std::string_view key, const std::string& path) {
  Result<std::string> text = read_file(path, 4U << 20U);
  if (!text) return text.error().within(key);
  return text;
}

/// What `read` makes of the file that `path` names; the default where none is named.
template <class Value, class Read>
Result<Value> read_optional(std::string_view key, const std::optional<std::string>& path,
                            Read read) {
  if (!path) return Value{};
  const Result<std::string> text = read_named(key, *path);
  if (!text) return text.error();
  Result<Value> value = read(*text);
  if (!value) return value.error().within(*path).within(key);
  return value;
}

}  // namespace

Result<std::string> read_words(cli::Io io) {
  constexpr std::size_t kMost = 1U << 20U;
  if (&io.in == &std::cin && ::isatty(STDIN_FILENO) == 1)
    io.err << "Write the text; end it with Ctrl-D on a line of its own.\n" << std::flush;
  std::string words;
  char chunk[8192];
  while (io.in.read(chunk, sizeof chunk) || io.in.gcount() > 0) {
    words.append(chunk, static_cast<std::size_t>(io.in.gcount()));
    if (words.size() > kMost)
      return Error{Fault::invalid, "the text on standard input is longer than 1 MiB"};
  }
  return words;
}

program::ProgramStore store_of(const Config& config) {
  return {kProgram.name, config.store, config.state_dir, intake_schema_migrations()};
}

Result<Calendar> load_calendar(const Config& config) {
  return read_optional<Calendar>("holidays", config.holidays,
                                 [](const std::string& text) { return Calendar::from_ics(text); });
}

Result<ServiceBook> load_services(const Config& config) {
  return read_optional<ServiceBook>("services", config.services, [](const std::string& text) {
    return ServiceBook::from_json(text);
  });
}

Result<std::string> read_register(const Config& config) {
  if (config.register_file) return read_named("register.file", *config.register_file);
  const std::string& url = config.register_url->text;
  const std::string configured[] = {url};
  Result<net::HttpAnswer> answer = net::http_get(url, configured);
  if (!answer) return answer.error().within("register.url");
  if (answer->code != 200)
    return Error{Fault::unavailable, "register.url: the server answered " +
                                         std::to_string(answer->code) +
                                         " instead of incidents.json; try again later"};
  return std::move(answer->body);
}

Result<std::unique_ptr<Office>> Office::open(App& app, const std::string& config_file,
                                             const program::ProgramStore* at_work) {
  Result<Config> config = config::load_file<Config>(config_file);
  if (!config) return config.error();
  std::vector<std::string> needs_restart = program::keep_place(at_work, *config);
  Result<program::ProgramStore::Opened> opened = store_of(*config).open();
  if (!opened) return opened.error();
  Result<Calendar> calendar = load_calendar(*config);
  if (!calendar) return calendar.error();
  Result<ServiceBook> services = load_services(*config);
  if (!services) return services.error();
  Result<Letters> letters = Letters::load(config::templates_folder(config->templates));
  if (!letters) return letters.error();
  return std::unique_ptr<Office>{
      new Office{app, *std::move(config), std::move(opened->database),
                 std::move(opened->connection), std::move(opened->keyring), *std::move(calendar),
                 *std::move(services), *std::move(letters), std::move(needs_restart)}};
}

Identity Office::identity() const {
  Identity identity;
  identity.address = config.address;
  identity.reply_to = config.reply_to;
  identity.signed_envelope = config.acknowledge_envelope == Config::Envelope::bounce;
  return identity;
}

Desk Office::desk() {
  DeskSettings settings{identity(), config.staff, {}};
  if (config.register_url || config.register_file)
    settings.read_register = [this] { return read_register(config); };
  return Desk{{connection, keyring, calendar, letters, app.clock}, std::move(settings)};
}

}  // namespace trust::intake
