#include "lib/cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include "lib/base/text.h"

namespace trust::cli {

namespace {

constexpr Option kHelp{"--help", "", "print this"};
constexpr Option kConfig{"--config", "FILE", "settings"};
constexpr std::string_view kEllipsis = "…";

/// How many words a command takes, read from its `arguments`: "CASE OUTCOME [URL]", "FILE…".
struct WordCount {
  std::size_t least = 0;
  std::size_t most = 0;
  std::vector<std::string_view> names;
};

WordCount count_of(std::string_view arguments) {
  WordCount count;
  for (std::string_view name : split(arguments, ' ')) {
    if (name.empty()) continue;
    const bool is_optional = name.starts_with('[');
    const bool repeats = name.find(kEllipsis) != std::string_view::npos;
    count.names.push_back(name);
    if (!is_optional) ++count.least;
    count.most =
        repeats || count.most == std::string_view::npos ? std::string_view::npos : count.most + 1;
  }
  return count;
}

std::string usage_of(const Program& program, const CommandRow& row) {
  std::string line = fmt::format("{} {}", program.name, row.name);
  if (!row.arguments.empty()) line += fmt::format(" {}", row.arguments);
  for (const Option& option : row.options)
    line += option.takes.empty() ? fmt::format(" [{}]", option.name)
                                 : fmt::format(" [{} {}]", option.name, option.takes);
  return line;
}

void print_help(std::ostream& out, const Program& program, std::span<const CommandRow> rows) {
  out << program.name << ": " << program.summary << "\n\n";
  std::size_t width = 0;
  for (const CommandRow& row : rows) width = std::max(width, row.name.size());
  for (const CommandRow& row : rows)
    out << fmt::format("  {:<{}}  {}\n", row.name, width, row.summary);
  out << fmt::format(
      "\n{} COMMAND --help tells more. --config FILE reads settings from FILE instead of {}.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 10 not found, 11 conflict, 12 unavailable.\n",
      program.name, program.config);
}

void print_help(std::ostream& out, const Program& program, const CommandRow& row) {
  out << "usage: " << usage_of(program, row) << "\n\n" << row.summary << ".\n\n";
  std::vector<Option> options{row.options.begin(), row.options.end()};
  options.push_back(kConfig);
  options.push_back(kHelp);
  std::vector<std::string> names;
  std::size_t width = 0;
  for (const Option& option : options) {
    names.push_back(option.takes.empty() ? std::string{option.name}
                                         : fmt::format("{} {}", option.name, option.takes));
    width = std::max(width, names.back().size());
  }
  for (std::size_t i = 0; i < options.size(); ++i)
    out << fmt::format("  {:<{}}  {}\n", names[i], width,
                       options[i].name == kConfig.name
                           ? fmt::format("settings (default: {})", program.config)
                           : std::string{options[i].doc});
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view meant = closest(word, known);
  return meant.empty() ? std::string{} : fmt::format("; did you mean {}?", meant);
}

/// What the person typed, cut and safe for a terminal.
std::string shown(std::string_view word) {
  return to_display(cut_utf8(word, 60), Newlines::to_space);
}

Exit refuse_command(const Program& program, std::span<const CommandRow> rows,
                    std::span<const std::string> line, Io io) {
  std::vector<std::string_view> names;
  std::vector<std::string> seconds;
  for (const CommandRow& row : rows) {
    names.push_back(row.name);
    if (row.name.starts_with(line[0] + " "))
      seconds.emplace_back(row.name.substr(line[0].size() + 1));
  }
  if (!seconds.empty())
    return refuse(io, fmt::format("{} needs one of: {}", shown(line[0]), join(seconds, ", ")));
  std::string two_words = line[0];
  if (line.size() > 1) two_words += " " + line[1];
  std::string hint = did_you_mean(two_words, names);
  if (hint.empty()) hint = did_you_mean(line[0], names);
  return refuse(io, fmt::format("unknown command {}{}{}", shown(line[0]), hint,
                                hint.empty() ? fmt::format("; {} --help lists all", program.name)
                                             : std::string{}));
}

}  // namespace

/// Takes one command line apart.
struct ArgumentReader {
  const CommandRow& row;
  Arguments arguments{};
  bool wants_help = false;

  /// "" or the sentence that says what is wrong.
  std::string read(std::span<const std::string> line) {
    bool only_words = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string& piece = line[i];
      if (only_words || piece.size() < 2 || piece[0] != '-') {
        arguments.words_.push_back(piece);
      } else if (piece == "--") {
        only_words = true;
      } else if (piece == "-h" || piece == kHelp.name) {
        wants_help = true;
      } else {
        const bool has_next = i + 1 < line.size() && !line[i + 1].starts_with("--");
        const Taken taken = read_option(piece, has_next ? &line[i + 1] : nullptr);
        if (!taken.wrong.empty()) return taken.wrong;
        if (taken.next_too) ++i;
      }
    }
    return {};
  }

  struct Taken {
    std::string wrong;
    bool next_too = false;  ///< the value was the piece behind
  };
  Taken read_option(const std::string& piece, const std::string* next) {
    const auto equals = piece.find('=');
    const std::string name = piece.substr(0, equals);
    const Option* const option = find(name);
    if (option == nullptr) {
      std::vector<std::string_view> names{kConfig.name, kHelp.name};
      for (const Option& known : row.options) names.push_back(known.name);
      return {fmt::format("unknown option {}{}", shown(name), did_you_mean(name, names))};
    }
    if (arguments.has(name)) return {fmt::format("{} is there twice", name)};
    std::string& value = arguments.options_[name];
    if (option->takes.empty())
      return {equals == std::string::npos ? "" : fmt::format("{} takes no value", name)};
    const bool takes_next = equals == std::string::npos && next != nullptr;
    if (equals != std::string::npos) value = piece.substr(equals + 1);
    if (takes_next) value = *next;
    return {value.empty() ? fmt::format("{} needs a value: {} {}", name, name, option->takes) : "",
            takes_next};
  }

  const Option* find(std::string_view name) const {
    if (name == kConfig.name) return &kConfig;
    const auto found = std::find_if(row.options.begin(), row.options.end(),
                                    [&](const Option& option) { return option.name == name; });
    return found == row.options.end() ? nullptr : &*found;
  }

  void set_config_file(std::string_view default_file) {
    arguments.config_file_ = arguments.value(kConfig.name).value_or(std::string{default_file});
  }
};

Exit exit_for(Fault fault) {
  switch (fault) {
    case Fault::invalid: return Exit::usage;
    case Fault::not_found: return Exit::not_found;
    case Fault::conflict: return Exit::conflict;
    case Fault::unavailable: return Exit::unavailable;
    case Fault::denied:
    case Fault::outcome_unknown:
    case Fault::internal: return Exit::failed;
  }
  return Exit::failed;
}

Exit fail(Io io, const Error& error) {
  io.err << error.text() << '\n';
  return exit_for(error.fault());
}

Exit refuse(Io io, std::string_view sentence) {
  io.err << sentence << '\n';
  return Exit::usage;
}

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto found = options_.find(option);
  if (found == options_.end()) return {};
  return found->second;
}

Result<std::string> acting_person(const Arguments& arguments, std::span<const std::string> staff) {
  std::optional<std::string> who = arguments.value(kBy.name);
  const char* const usual = std::getenv("TRUST_STAFF");
  if (!who && usual != nullptr && *usual != '\0') who = usual;
  if (!who)
    return Error{Fault::invalid,
                 "who acts is not known; add --by ADDRESS or set TRUST_STAFF to your address"};
  *who = to_lower(*who);
  if (std::find(staff.begin(), staff.end(), *who) == staff.end())
    return Error{Fault::invalid,
                 "--by (or TRUST_STAFF) names nobody on the staff list of the configuration"};
  return *who;
}

Dispatch dispatch(const Program& program, std::span<const CommandRow> rows,
                  std::span<const std::string> typed, Io io) {
  Dispatch out;
  std::vector<std::string> line{typed.begin(), typed.end()};
  // "--config FILE" may stand before the command, too.
  if (line.size() > 1 && line[0].starts_with(kConfig.name)) {
    const std::ptrdiff_t pieces = line[0] == kConfig.name && line.size() > 2 ? 2 : 1;
    std::rotate(line.begin(), line.begin() + pieces, line.end());
  }
  if (line.empty()) {
    print_help(io.err, program, rows);
    out.exit = Exit::usage;
    return out;
  }
  if (line[0] == "--version" && !program.version.empty()) {
    io.out << program.name << ' ' << program.version << '\n';
    out.exit = Exit::done;
    return out;
  }
  const bool asks_help = line[0] == "help" || line[0] == kHelp.name || line[0] == "-h";
  if (asks_help && line.size() == 1) {
    print_help(io.out, program, rows);
    out.exit = Exit::done;
    return out;
  }
  if (asks_help) line.erase(line.begin());

  const auto find = [&](const std::string& name) {
    return std::find_if(rows.begin(), rows.end(),
                        [&](const CommandRow& row) { return row.name == name; });
  };
  std::size_t used = 2;
  auto row = line.size() > 1 ? find(line[0] + " " + line[1]) : rows.end();
  if (row == rows.end()) {
    used = 1;
    row = find(line[0]);
  }
  if (row == rows.end()) {
    out.exit = refuse_command(program, rows, line, io);
    return out;
  }
  out.command = static_cast<std::size_t>(row - rows.begin());

  ArgumentReader reader{*row};
  std::string wrong = reader.read(std::span{line}.subspan(used));
  if (asks_help || reader.wants_help) {
    print_help(io.out, program, *row);
    out.exit = Exit::done;
    return out;
  }
  const WordCount count = count_of(row->arguments);
  const std::size_t given = reader.arguments.words().size();
  if (wrong.empty() && given < count.least)
    wrong = fmt::format("{} is missing", count.names[given]);
  if (wrong.empty() && given > count.most) wrong = "too many words";
  if (!wrong.empty()) {
    out.exit = refuse(io, fmt::format("{}\nusage: {}", wrong, usage_of(program, *row)));
    return out;
  }
  reader.set_config_file(program.config);
  out.arguments = std::move(reader.arguments);
  return out;
}

}  // namespace trust::cli
