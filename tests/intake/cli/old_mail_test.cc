// Mails that were there before us, and mails whose bytes do not come.
#include <nlohmann/json.hpp>

#include "tests/intake/cli/command_world.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Adopt : public MailCommandTest {
 protected:
  /// How many `adopt` says it asked for.
  int adopt(const std::string& since) {
    const Ran ran = run_here({"adopt", "--json", "--since", since, "--by=ada@example.org"});
    EXPECT_EQ(ran.exit, cli::Exit::done) << ran.err;
    return json::parse(ran.out)["asked_for"];
  }
};

TEST_P(Adopt, AsksForWhatArrivedSinceThatDayOnce) {
  for (std::uint32_t uid = 1; uid <= 4; ++uid)
    mailbox_.add(
        uid, report(static_cast<int>(uid)),
        *parse_rfc3339("2026-11-24T00:00:00Z") - std::chrono::days{2 - static_cast<int>(uid)});
  ASSERT_EQ(look()->before_us, 4);
  EXPECT_EQ(adopt("2026-11-27"), 0);
  EXPECT_EQ(adopt("2026-11-24"), 3);
  EXPECT_EQ(adopt("2026-11-24"), 0) << "asked for already";
  EXPECT_EQ(run_here({"quarantine", "list", "--json"}).out, "") << "nobody asked in vain";
  EXPECT_EQ(look()->stored, 3);
  EXPECT_EQ(adopt("2026-11-24"), 0) << "and here by now";
  EXPECT_EQ(adopt("2026-11-01"), 1);
}

TEST_P(Adopt, TheirCasesHaveTheTrueTimesAndTheOldOnesNoAcknowledgment) {
  mailbox_.add(1, report(1, "", "ann@example.com"), clock_.at - 25h);
  mailbox_.add(2, report(2, "", "bob@example.com"), clock_.at - 23h);
  ASSERT_TRUE(look());
  ASSERT_EQ(adopt("2026-11-01"), 2);
  ASSERT_TRUE(look());
  file();
  EXPECT_EQ(arrivals(), (std::vector<std::string>{"2026-11-24T11:00:00Z internal_date",
                                                  "2026-11-24T13:00:00Z internal_date"}));
  EXPECT_EQ(
      count("cases WHERE received_at = opened_at - 90000000 AND acknowledgment_because = 'old'"),
      1);
  // Positive control: what is younger than a day is acknowledged.
  EXPECT_EQ(count("outbox WHERE kind = 'acknowledgment'"), 1);
  EXPECT_EQ(count("outbox WHERE kind = 'acknowledgment' AND recipient = 'bob@example.com'"), 1);
}

TEST_P(Adopt, NeedsADateAndAPerson) {
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"adopt", "--by=ada@example.org"},
        {"adopt", "--since=yesterday", "--by=ada@example.org"},
        {"adopt", "--since=2026-11-24"}})
    EXPECT_EQ(run_here(line).exit, cli::Exit::usage);
  EXPECT_EQ(run_here({"adopt", "--since=2026-11-24", "--by=ada@example.org"}).out,
            "0 asked for; `run` fetches them and makes cases of them\n");
}

INSTANTIATE_TEST_SUITE_P(Stores, Adopt, test::kBothStores, test::store_name);

class Quarantine : public MailCommandTest {
 protected:
  /// Asked for three times, on three connections.
  void fill() {
    ASSERT_TRUE(look());
    mailbox_.add(11, report(11), clock_.at - 2h);
    mailbox_.add(12, report(12), {});
    mailbox_.without_body = {11, 12};
    ASSERT_TRUE(look());
    ASSERT_TRUE(look());
    ASSERT_EQ(count("promise WHERE kind = 'quarantine'"), 2);
  }
};

TEST_P(Quarantine, ListNamesMailsWithWhatIsKnownOfThem) {
  EXPECT_EQ(run_here({"quarantine", "list"}).out, "MAIL  ARRIVED  SEEN  TRIES  NEXT TRY  DUE\n");
  fill();
  const Ran all = run_here({"quarantine", "list", "--json"});
  std::istringstream lines{all.out};
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(json::parse(line), json::parse(R"({"mail": "INBOX/7/11", "folder": "INBOX",
      "uidvalidity": 7, "uid": 11, "arrived": "2026-11-25T10:00:00Z",
      "seen": "2026-11-25T12:00:00Z", "tries": 3, "next_try": "2026-11-26T12:00:00Z",
      "due": "2026-12-01T00:00:00Z"})"));
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_TRUE(json::parse(line)["arrived"].is_null());
  EXPECT_FALSE(std::getline(lines, line));
  EXPECT_NE(run_here({"quarantine", "list"}).out.find("INBOX/7/11  2026-11-25T10:00:00Z"),
            std::string::npos);

  const Ran one = run_here({"quarantine", "show", "INBOX/7/12", "--json"});
  EXPECT_EQ(json::parse(one.out)["uid"], 12);
  const Ran none = run_here({"quarantine", "show", "INBOX/7/13"});
  EXPECT_EQ(none.exit, cli::Exit::not_found);
  EXPECT_EQ(none.err, "no mail of that name is in quarantine; `quarantine list` names them\n");
  EXPECT_EQ(run_here({"quarantine", "show"}).exit, cli::Exit::usage);
}

TEST_P(Quarantine, RetryAsksForOneOrForAllAtTheNextLook) {
  fill();
  mailbox_.without_body.clear();
  EXPECT_EQ(look()->stored, 0) << "not before tomorrow by itself";
  EXPECT_EQ(run_here({"quarantine", "retry", "INBOX/7/13"}).exit, cli::Exit::not_found);
  const Ran one = run_here({"quarantine", "retry", "INBOX/7/12"});
  EXPECT_EQ(one.err, "1 mails are asked for at the next look\n");
  EXPECT_EQ(one.out, "");
  EXPECT_EQ(look()->stored, 1);
  EXPECT_EQ(run_here({"quarantine", "retry"}).exit, cli::Exit::done);
  EXPECT_EQ(look()->stored, 1);
  EXPECT_EQ(run_here({"quarantine", "list", "--json"}).out, "");
  EXPECT_EQ(count("promise WHERE void_because = 'came'"), 2);
  file();
  EXPECT_EQ(count("cases"), 2);
}

INSTANTIATE_TEST_SUITE_P(Stores, Quarantine, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
