#pragma once

/// lib/cli: the frame of both programs' command lines.
///   command.h/.cc   a table of commands drives help, dispatch and "did you mean"
///   output.*        data for machines, data for people, and a count for the patient
///   shared.*        commands both programs have, printed from tables

#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/result.h"

namespace trust::cli {

/// What the shell sees; scripts rely on the numbers.
enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,
  not_found = 10,
  conflict = 11,
  unavailable = 12,
};
Exit exit_for(Fault fault);

/// The world of one command, so that a test can hand in strings.
struct Io {
  std::istream& in;
  std::ostream& out;  ///< the data, and nothing else
  std::ostream& err;  ///< words for people
};

/// Says the sentence on standard error and gives the exit code of its fault.
Exit fail(Io io, const Error& error);
/// The same for a wrong command line: exit code 2.
Exit refuse(Io io, std::string_view sentence);

/// The command line after the command's name, taken apart: "--to X", "--to=X", "--dry-run", words.
/// After "--" everything is a word; "-" is a word.
class Arguments {
 public:
  const std::vector<std::string>& words() const { return words_; }
  bool has(std::string_view option) const { return options_.contains(option); }
  std::optional<std::string> value(std::string_view option) const;
  /// --config, or /etc/trust-mail/PROGRAM.json; `is_default_config` tells which.
  const std::string& config_file() const { return config_file_; }
  bool is_default_config() const { return !has("--config"); }
  bool wants_json() const { return has("--json"); }

 private:
  friend struct ArgumentReader;
  std::vector<std::string> words_;
  std::map<std::string, std::string, std::less<>> options_;
  std::string config_file_;
};

/// An option a command takes: "--state" with a value name for help, or a switch (empty `takes`).
/// Every command takes --help and --config FILE besides.
struct Option {
  std::string_view name;
  std::string_view takes;
  std::string_view doc;
};
/// Of commands that print data.
inline constexpr Option kJson{"--json", "", "print JSON"};
/// Of commands that act; see `acting_person`.
inline constexpr Option kBy{"--by", "ADDRESS", "who acts (default: $TRUST_STAFF)"};

/// One command. `words` are checked against `arguments` ("CASE OUTCOME [URL]", "FILE…") before
/// `run` is called; `App` is the program's own context, opened by the command itself as far as it
/// needs.
template <class App>
struct Command {
  std::string_view name;  ///< "answer", or two words: "announcement list"
  std::string_view
      arguments;  ///< for help and for the count: CAPITALS required, [..] optional, … more
  std::string_view summary;
  std::vector<Option> options;
  Exit (*run)(App&, const Arguments&, Io);
};

/// --by, or else $TRUST_STAFF, lower-cased; it must be one of `staff`.
/// Fault::invalid: neither is given, or that is nobody on the list.
Result<std::string> acting_person(const Arguments& arguments, std::span<const std::string> staff);

/// How the program is called and what it says of itself.
struct Program {
  std::string_view name;    ///< "trust-intake"
  std::string_view config;  ///< "/etc/trust-mail/intake.json"
  std::string_view summary;
  std::string_view version = "";  ///< what --version prints; "": nothing
};

/// A command without its App: what help and dispatch need.
struct CommandRow {
  std::string_view name, arguments, summary;
  std::span<const Option> options;
};

/// What a command line asks for: help was printed or a mistake was explained (`exit`), or row
/// `command` is to be run.
struct Dispatch {
  std::optional<Exit> exit;
  std::size_t command = 0;
  Arguments arguments;
};
Dispatch dispatch(const Program& program, std::span<const CommandRow> rows,
                  std::span<const std::string> line, Io io);

/// The whole of a main(): finds the command, checks its arguments, runs it.
template <class App>
Exit run_program(const Program& program, std::span<const Command<App>> commands, App& app,
                 std::span<const std::string> line, Io io) {
  std::vector<CommandRow> rows;
  for (const Command<App>& c : commands)
    rows.push_back({c.name, c.arguments, c.summary, c.options});
  const Dispatch found = dispatch(program, rows, line, io);
  if (found.exit) return *found.exit;
  return commands[found.command].run(app, found.arguments, io);
}

}  // namespace trust::cli
