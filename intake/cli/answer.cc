#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "lib/cli/output.h"

namespace trust::intake {

namespace {

/// What both commands do once they know what is to be said.
cli::Exit say(App& app, const cli::Arguments& arguments, cli::Io io, AnswerRequest request) {
  request.case_id = arguments.words()[0];
  request.anyway = arguments.has("--anyway");
  if (const auto version = arguments.value("--if-version")) {
    std::int64_t seen = 0;
    const char* const end = version->data() + version->size();
    if (std::from_chars(version->data(), end, seen).ptr != end || seen < 1)
      return cli::refuse(io, "--if-version: write the number that `show` tells");
    request.seen_version = seen;
  }
  return program::opened_as<Office>(
      app, arguments, io, [&](Office& office, const std::string& who) {
        Result<std::string> words = read_words(io);
        if (!words) return cli::fail(io, words.error());
        request.words = *std::move(words);
        request.by = who;
        Desk desk = office.desk();
        const bool preview = arguments.has("--preview");
        const Result<Answered> answered = preview ? desk.preview(request) : desk.answer(request);
        if (!answered) return cli::fail(io, answered.error());
        if (!answered->warning.empty()) io.err << answered->warning << '\n';
        if (preview) {
          io.out << answered->mail.message;
        } else if (arguments.wants_json()) {
          cli::print_json(io.out, {{"case", request.case_id},
                                   {"outcome", name_of(request.outcome)},
                                   {"message_id", answered->mail.message_id}});
        } else {
          io.out << request.case_id << ' ' << name_of(request.outcome) << '\n';
        }
        return cli::Exit::done;
      });
}

}  // namespace

cli::Exit run_answer(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto& words = arguments.words();
  const std::optional<Outcome> outcome = named<Outcome>(words[1]);
  if (!outcome || *outcome == Outcome::reply)
    return cli::refuse(io,
                       "OUTCOME: write tracking, post-mortem URL, explained or bounty (the command "
                       "reply sends text without an outcome)");
  const bool points = *outcome == Outcome::post_mortem;
  if (points != (words.size() == 3))
    return cli::refuse(io, points ? "post-mortem needs the URL of the post-mortem behind it"
                                  : "a URL belongs to the outcome post-mortem only");
  if (arguments.has("--incident") && *outcome != Outcome::tracking)
    return cli::refuse(io, "--incident belongs to the outcome tracking only");
  AnswerRequest request;
  request.outcome = *outcome;
  request.incident = arguments.value("--incident").value_or("");
  if (points) request.url = words[2];
  return say(app, arguments, io, std::move(request));
}

cli::Exit run_reply(App& app, const cli::Arguments& arguments, cli::Io io) {
  return say(app, arguments, io, {});
}

}  // namespace trust::intake
