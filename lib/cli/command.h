#pragma once

/// lib/cli: the frame of both programs' command lines.
///   command.h/.cc   a table of commands drives help, dispatch and "did you mean"
///   json_out.*      data for machines

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

/// The command line after the command's name, taken apart: "--to X", "--to=X", "--dry-run", words.
class Arguments {
 public:
  const std::vector<std::string>& words() const { return words_; }
  bool has(std::string_view option) const { return options_.contains(option); }
  std::optional<std::string> value(std::string_view option) const;

 private:
  friend struct ArgumentReader;
  std::vector<std::string> words_;
  std::map<std::string, std::string, std::less<>> options_;
};

/// An option a command takes: "--state" with a value name for help, or a switch (empty `takes`).
struct Option {
  std::string_view name;
  std::string_view takes;
  std::string_view doc;
};

/// One command. `words` are checked against `arguments` ("CASE OUTCOME [URL]", "FILE…") before `run`
/// is called; `App` is the program's own context, opened by the command itself as far as it needs.
template <class App>
struct Command {
  std::string_view name;       ///< "answer", or two words: "announcement list"
  std::string_view arguments;  ///< for help and for the count: CAPITALS required, [..] optional, … more
  std::string_view summary;
  std::vector<Option> options;
  Exit (*run)(App&, const Arguments&, Io);
};

}  // namespace trust::cli
