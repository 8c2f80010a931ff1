#include "lib/cli/command.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "lib/cli/output.h"

namespace trust::cli {
namespace {

struct App {
  std::string ran;
  std::vector<std::string> words;
  std::map<std::string, std::string> options;
  std::string config;
};

template <int N>
Exit note(App& app, const Arguments& arguments, Io io) {
  static constexpr std::string_view kNames[] = {"show", "parse", "announcement list",
                                                "announcement report"};
  app.ran = kNames[N];
  app.words = arguments.words();
  app.config = arguments.config_file();
  for (const char* name : {"--raw", "--out", "--json"})
    if (arguments.has(name)) app.options[name] = arguments.value(name).value_or("");
  io.out << "ran\n";
  return Exit::done;
}

const Command<App> kCommands[] = {
    {"show", "CASE", "One case", {{"--raw", "", "raw bytes"}}, note<0>},
    {"parse", "FILE…", "Reads mail", {kJson, {"--out", "DIR", "where to"}}, note<1>},
    {"announcement list", "[WHICH]", "All", {}, note<2>},
    {"announcement report", "ID", "One", {}, note<3>},
};
constexpr Program kProgram{"trust-x", "/etc/trust-mail/x.json", "does x", "1.2"};

struct Ran {
  App app;
  Exit exit = Exit::done;
  std::string out, err;
};

Ran run(std::vector<std::string> line) {
  std::istringstream in;
  std::ostringstream out, err;
  Ran ran;
  ran.exit = run_program<App>(kProgram, kCommands, ran.app, line, {in, out, err});
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

TEST(CommandLine, FindsTheCommandAndItsArguments) {
  const Ran ran = run({"parse", "--out=d", "a", "--json", "-", "--", "--b"});
  EXPECT_EQ(ran.exit, Exit::done);
  EXPECT_EQ(ran.app.ran, "parse");
  EXPECT_EQ(ran.app.words, (std::vector<std::string>{"a", "-", "--b"}));
  EXPECT_EQ(ran.app.options, (std::map<std::string, std::string>{{"--json", ""}, {"--out", "d"}}));
  EXPECT_EQ(ran.app.config, "/etc/trust-mail/x.json");
}

TEST(CommandLine, TakesTwoWordCommandsAndAConfigFile) {
  const Ran ran = run({"announcement", "list", "--config", "y.json"});
  EXPECT_EQ(ran.app.ran, "announcement list");
  EXPECT_EQ(ran.app.config, "y.json");
  EXPECT_TRUE(ran.app.words.empty());
}

TEST(CommandLine, TakesTheConfigFileBeforeTheCommandToo) {
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"--config", "y.json", "show", "X"},
        {"--config=y.json", "show", "X"}}) {
    const Ran ran = run(line);
    EXPECT_EQ(ran.app.ran, "show") << ran.err;
    EXPECT_EQ(ran.app.config, "y.json");
    EXPECT_EQ(ran.app.words, std::vector<std::string>{"X"});
  }
  EXPECT_EQ(run({"--config", "y.json"}).exit, Exit::usage);
  EXPECT_EQ(run({"--version"}).out, "trust-x 1.2\n");
}

struct Bad {
  std::string name;
  std::vector<std::string> line;
  std::string message;
};
void PrintTo(const Bad& row, std::ostream* out) { *out << row.name; }
class CommandLineRefuses : public testing::TestWithParam<Bad> {};

TEST_P(CommandLineRefuses, WithTwoAndOneSentence) {
  const Ran ran = run(GetParam().line);
  EXPECT_EQ(ran.exit, Exit::usage);
  EXPECT_EQ(ran.app.ran, "");
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err.substr(0, ran.err.find('\n')), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, CommandLineRefuses,
    testing::Values(
        Bad{"unknown_command", {"shwo", "X"}, "unknown command shwo; did you mean show?"},
        Bad{"far_from_any", {"frobnicate"}, "unknown command frobnicate; trust-x --help lists all"},
        Bad{"terminal_escape", {"\x1b[31m"}, "unknown command  [31m; trust-x --help lists all"},
        Bad{"half_of_two_words", {"announcement"}, "announcement needs one of: list, report"},
        Bad{"misspelt_second_word",
            {"announcement", "lits"},
            "announcement needs one of: list, report"},
        Bad{"missing_word", {"show"}, "CASE is missing"},
        Bad{"missing_file", {"parse", "--json"}, "FILE… is missing"},
        Bad{"too_many_words", {"show", "A", "B"}, "too many words"},
        Bad{"too_many_optional_words", {"announcement", "list", "A", "B"}, "too many words"},
        Bad{"unknown_option", {"show", "A", "--rwa"}, "unknown option --rwa; did you mean --raw?"},
        Bad{"option_of_another_command", {"show", "A", "--out", "d"}, "unknown option --out"},
        Bad{"short_option", {"show", "A", "-r"}, "unknown option -r"},
        Bad{"option_twice", {"show", "A", "--raw", "--raw"}, "--raw is there twice"},
        Bad{"no_value", {"parse", "a", "--out"}, "--out needs a value: --out DIR"},
        Bad{"option_as_value", {"parse", "a", "--out", "--json"}, "--out needs a value: --out DIR"},
        Bad{"empty_value", {"parse", "a", "--out="}, "--out needs a value: --out DIR"},
        Bad{"value_for_a_switch", {"show", "A", "--raw=yes"}, "--raw takes no value"}),
    [](const auto& row) { return row.param.name; });

TEST(Help, OfTheProgramListsEveryCommand) {
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"--help"}, {"-h"}, {"help"}}) {
    const Ran ran = run(line);
    EXPECT_EQ(ran.exit, Exit::done);
    EXPECT_EQ(ran.err, "");
    for (const auto& command : kCommands)
      EXPECT_NE(ran.out.find("  " + std::string{command.name}), std::string::npos) << command.name;
  }
  EXPECT_EQ(run({}).exit, Exit::usage);
  EXPECT_EQ(run({}).out, "");
}

TEST(Help, OfACommandListsItsOptions) {
  for (const std::vector<std::string>& line : {std::vector<std::string>{"parse", "--help"},
                                               {"help", "parse"},
                                               {"parse", "a", "--json", "-h"}}) {
    const Ran ran = run(line);
    EXPECT_EQ(ran.exit, Exit::done);
    EXPECT_TRUE(ran.out.starts_with("usage: trust-x parse FILE… [--json] [--out DIR]\n"))
        << ran.out;
    EXPECT_NE(ran.out.find("--config FILE  settings (default: /etc/trust-mail/x.json)"),
              std::string::npos)
        << ran.out;
    EXPECT_EQ(ran.app.ran, "");
  }
}

Arguments arguments_of(std::vector<std::string> line) {
  const Option options[] = {kBy};
  const CommandRow rows[] = {{"do", "", "does", options}};
  std::istringstream in;
  std::ostringstream out, err;
  line.insert(line.begin(), "do");
  return dispatch(kProgram, rows, line, {in, out, err}).arguments;
}

TEST(ActingPerson, MustBeOnTheStaffList) {
  const std::string staff[] = {"ada@example.org", "bo@example.org"};
  ::unsetenv("TRUST_STAFF");
  EXPECT_EQ(acting_person(arguments_of({"--by", "Bo@example.org"}), staff).value_or(""),
            "bo@example.org");
  EXPECT_EQ(acting_person(arguments_of({}), staff).error().fault(), Fault::invalid);
  EXPECT_EQ(acting_person(arguments_of({"--by", "eve@example.org"}), staff).error().fault(),
            Fault::invalid);
  ::setenv("TRUST_STAFF", "ada@example.org", 1);
  EXPECT_EQ(acting_person(arguments_of({}), staff).value_or(""), "ada@example.org");
  EXPECT_EQ(acting_person(arguments_of({"--by=bo@example.org"}), staff).value_or(""),
            "bo@example.org");
  ::unsetenv("TRUST_STAFF");
}

TEST(ExitCodes, AreThoseOfTheManual) {
  EXPECT_EQ(static_cast<int>(exit_for(Fault::invalid)), 2);
  EXPECT_EQ(static_cast<int>(exit_for(Fault::not_found)), 10);
  EXPECT_EQ(static_cast<int>(exit_for(Fault::conflict)), 11);
  EXPECT_EQ(static_cast<int>(exit_for(Fault::unavailable)), 12);
  for (const Fault fault : {Fault::denied, Fault::outcome_unknown, Fault::internal})
    EXPECT_EQ(static_cast<int>(exit_for(fault)), 1);
}

TEST(Columns, AreAlignedAndSafeForATerminal) {
  std::ostringstream out;
  print_columns(out, {"ID", "SUBJECT", "DUE"},
                {{"TM-1", "äö\x1b[2J\nx", "now"}, {"TM-22", "", "later"}});
  EXPECT_EQ(out.str(), "ID     SUBJECT   DUE\nTM-1   äö [2J x  now\nTM-22            later\n");
}

TEST(JsonOut, ReplacesBadBytesAndPrintsOneLine) {
  std::ostringstream out;
  print_json(out, {{"b", "x\xff"}, {"a", or_null("")}, {"t", or_null(UtcTime{})}});
  EXPECT_EQ(out.str(), "{\"b\":\"x\xef\xbf\xbd\",\"a\":null,\"t\":\"1970-01-01T00:00:00Z\"}\n");
}

}  // namespace
}  // namespace trust::cli
