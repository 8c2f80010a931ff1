#include "intake/cli/app.h"

#include <unistd.h>

#include <iostream>
#include <istream>
#include <ostream>

namespace trust::intake {

using cli::Exit;

Exit in_office(const cli::Arguments& arguments, cli::Io io,
               const std::function<Exit(Office&)>& act) {
  Result<std::unique_ptr<Office>> office = Office::open(arguments.config_file());
  if (!office) return program::not_ready(io, office.error());
  return act(**office);
}

Exit in_office_as(const cli::Arguments& arguments, cli::Io io,
                  const std::function<Exit(Office&, const std::string&)>& act) {
  return in_office(arguments, io, [&](Office& office) {
    const Result<std::string> who = cli::acting_person(arguments, office.config.staff_addresses());
    return who ? act(office, *who) : cli::fail(io, who.error());
  });
}

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

}  // namespace trust::intake
