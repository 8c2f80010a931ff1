#include <charconv>
#include <ostream>

#include "intake/cli/commands.h"
#include "lib/cage/parser_child.h"

namespace trust::intake {

cli::Exit run_attachment(App& app, const cli::Arguments& arguments, cli::Io io) {
  const std::string& digits = arguments.words()[1];
  int n = 0;
  const char* const end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, n).ptr != end || n < 1)
    return cli::refuse(io, "N: write a number from 1, as `show` numbers the attachments");
  return in_office(arguments, io, [&](Office& office) {
    const auto source = office.desk(app.clock).attachment(arguments.words()[0], n);
    if (!source) return cli::fail(io, source.error());
    cage::ParserChild child;
    const Result<std::string> bytes = child.decode(source->raw, source->attachment);
    if (!bytes) return cli::fail(io, bytes.error());
    io.out << *bytes;
    return cli::Exit::done;
  });
}

}  // namespace trust::intake
