#include "lib/program/commands.h"

#include <gtest/gtest.h>

#include <sstream>

#include "lib/program/doctor.h"

namespace trust::program {
namespace {

struct Terminal {
  std::istringstream in;
  std::ostringstream out, err;
  cli::Io io() { return {in, out, err}; }
};

TEST(Logs, PrintsTheClosedList) {
  Terminal terminal;
  EXPECT_EQ(print_log_events({}, terminal.io()), cli::Exit::done);
  EXPECT_NE(terminal.out.str().find("mail_accepted"), std::string::npos);
}

TEST(NotReady, IsTwelveOnlyWhereTryingAgainMayHelp) {
  Terminal terminal;
  EXPECT_EQ(not_ready(terminal.io(), {Fault::unavailable, "away"}), cli::Exit::unavailable);
  EXPECT_EQ(not_ready(terminal.io(), {Fault::conflict, "other keys"}), cli::Exit::failed);
  EXPECT_EQ(not_ready(terminal.io(), {Fault::not_found, "no file"}), cli::Exit::failed);
  EXPECT_EQ(terminal.err.str(), "away\nother keys\nno file\n");
}

TEST(Findings, EndWithTheWorstOfThem) {
  Terminal good;
  Findings none{good.io(), false};
  none.good("store", "fine");
  none.warn("smtp", "look\nhere");
  EXPECT_EQ(none.exit(), cli::Exit::done);
  EXPECT_EQ(good.out.str(), "good store       fine\nlook smtp        look here\n");

  Terminal bad;
  Findings some{bad.io(), true};
  some.bad("imap", {Fault::unavailable, "away"});
  EXPECT_EQ(some.exit(), cli::Exit::unavailable);
  some.bad("imap", {Fault::denied, "refused"});
  EXPECT_EQ(some.exit(), cli::Exit::failed);
  EXPECT_EQ(bad.out.str(),
            "{\"verdict\":\"bad\",\"what\":\"imap\",\"words\":\"away\"}\n"
            "{\"verdict\":\"bad\",\"what\":\"imap\",\"words\":\"refused\"}\n");
}

TEST(ConfigCheck, NamesEveryFileThatCannotBeRead) {
  Terminal terminal;
  ConfigCheck check{terminal.io()};
  check.note_file("smtp.ca_file", {});
  check.remark("no holidays");
  EXPECT_EQ(check.exit("own.json"), cli::Exit::done);
  check.note_file("smtp.ca_file", "/nonexistent/ca.pem");
  check.note(Result<int>{Error{Fault::invalid, "services: broken"}});
  EXPECT_EQ(check.exit("own.json"), cli::Exit::failed);
  const std::string said = terminal.err.str();
  EXPECT_EQ(said.find("note: no holidays\nown.json: good\nsmtp.ca_file: /nonexistent/ca.pem"), 0U)
      << said;
  EXPECT_TRUE(said.ends_with("services: broken\n")) << said;
}

TEST(Age, IsSaidInTheLargestUnitThatStillTells) {
  const UtcTime now = from_epoch_ms(1'700'000'000'000);
  EXPECT_EQ(age_in_words({}, now), "never");
  EXPECT_EQ(age_in_words(now - std::chrono::seconds{119}, now), "119 s ago");
  EXPECT_EQ(age_in_words(now - std::chrono::seconds{120}, now), "2 min ago");
  EXPECT_EQ(age_in_words(now - std::chrono::hours{2}, now), "2 h ago");
}

}  // namespace
}  // namespace trust::program
