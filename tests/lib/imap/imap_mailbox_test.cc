#include "lib/imap/imap_mailbox.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/fakes/scripted_imap.h"

namespace trust::imap {
namespace {

using mail::FetchedMail;
using mail::MailSummary;
using test::ImapScript;
using test::ScriptedImap;

constexpr std::uint64_t kMost = 10'000;

std::unique_ptr<ImapMailbox> mailbox(ImapScript& script) {
  auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
  if (!made || !(*made)->open("INBOX")) throw std::runtime_error{"no mailbox"};
  return *std::move(made);
}

std::string body(std::uint32_t uid, const std::string& raw, const std::string& key = "BODY[]") {
  return "* 1 FETCH (UID " + std::to_string(uid) + " RFC822.SIZE " + std::to_string(raw.size()) +
         " INTERNALDATE \"24-Nov-2026 10:00:00 +0000\" " + key + " {" + std::to_string(raw.size()) +
         "}\r\n" + raw + ")\r\n";
}

std::vector<MailSummary> asked(std::initializer_list<std::uint32_t> uids) {
  std::vector<MailSummary> mails;
  for (const std::uint32_t uid : uids) mails.push_back({uid, 10, {}});
  return mails;
}

/// What a fetch hands over, "uid:bytes" each, and how it ends.
struct Got {
  std::vector<std::string> mails;
  std::optional<Fault> fault;
};
Got fetch(ImapMailbox& from, const std::vector<MailSummary>& mails, std::uint64_t most = kMost) {
  Got got;
  const Status done = from.fetch(mails, most, [&](const FetchedMail& mail) {
    got.mails.push_back(std::to_string(mail.uid) + ":" +
                        (mail.raw.size() < 100 ? mail.raw : std::to_string(mail.raw.size())) +
                        (mail.truncated ? " truncated" : ""));
    return ok();
  });
  if (!done) got.fault = done.error().fault();
  return got;
}
using Mails = std::vector<std::string>;

TEST(ImapMailbox, OpensReadOnlyAndSaysWhatItFound) {
  ImapScript script = ImapScript::folder(3);
  auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
  const auto state = (*made)->open("Entwürfe");
  ASSERT_TRUE(state);
  EXPECT_EQ(script.heard.back(), "EXAMINE \"Entw&APw-rfe\"");
  EXPECT_EQ(state->uidvalidity, 7U);
  EXPECT_EQ(state->uidnext, 100U);
  EXPECT_EQ(state->exists, 3U);
}

struct Refusal {
  const char* name;
  std::string reply;
  Fault fault;
};
class OpenRefused : public testing::TestWithParam<Refusal> {};
TEST_P(OpenRefused, SaysWhatToDoNext) {
  ImapScript script;
  script.on("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n$ OK\r\n").on("EXAMINE", GetParam().reply);
  auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
  EXPECT_EQ((*made)->open("INBOX").error().fault(), GetParam().fault);
}
INSTANTIATE_TEST_SUITE_P(
    Replies, OpenRefused,
    testing::Values(Refusal{"no", "$ NO no such mailbox\r\n", Fault::not_found},
                    Refusal{"no_rights", "$ NO [NOPERM] x\r\n", Fault::unavailable},
                    Refusal{"busy", "$ NO [INUSE] x\r\n", Fault::unavailable},
                    Refusal{"bye", "* BYE x\r\n", Fault::unavailable},
                    Refusal{"no_uidvalidity", "* 3 EXISTS\r\n$ OK x\r\n", Fault::unavailable},
                    Refusal{"uidvalidity_zero", "* OK [UIDVALIDITY 0] x\r\n$ OK x\r\n",
                            Fault::unavailable}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ImapMailbox, FindsFoldersByWhatTheyAreFor) {
  for (const bool extended : {false, true}) {
    ImapScript script =
        ImapScript::folder(1, extended ? "SPECIAL-USE LIST-EXTENDED" : "SPECIAL-USE");
    script.on(extended ? "LIST \"\" \"*\" RETURN (SPECIAL-USE)" : "LIST \"\" \"*\"",
              "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
              "* LIST (\\HasNoChildren \\junk) \"/\" {8}\r\nSpam \"&-\r\n$ OK\r\n");
    auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
    ASSERT_TRUE((*made)->open("\\Junk"));
    EXPECT_EQ(script.heard.back(), "EXAMINE \"Spam \\\"&-\"");
  }
  ImapScript without = ImapScript::folder(1);
  without.on("LIST", "* LIST () \"/\" INBOX\r\n$ OK\r\n");
  auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(without));
  EXPECT_EQ((*made)->open("\\Junk").error().fault(), Fault::not_found);
}

TEST(ImapMailbox, ListsUidsAscendingOnceAndWithoutTheStarQuirk) {
  ImapScript script = ImapScript::folder(4);
  script.on("UID SEARCH UID 1:*", "* SEARCH 9 3\r\n* 5 EXISTS\r\n* SEARCH 5 3\r\n$ OK\r\n")
      .on("UID SEARCH UID 10:*", "* SEARCH 9\r\n$ OK\r\n")
      .on("UID SEARCH UID 9:*", "* SEARCH\r\n$ OK\r\n")
      .on("UID SEARCH UID 8:*", "$ NO\r\n");
  auto m = mailbox(script);
  EXPECT_EQ(*m->uids_from(1), (std::vector<std::uint32_t>{3, 5, 9}));
  EXPECT_EQ(*m->uids_from(10), std::vector<std::uint32_t>{});
  EXPECT_EQ(*m->uids_from(9), std::vector<std::uint32_t>{});
  EXPECT_EQ(m->uids_from(8).error().fault(), Fault::unavailable);
}

TEST(ImapMailbox, ListsLargeFoldersInWindows) {
  ImapScript script = ImapScript::folder(25'000);
  script.on("UID SEARCH 1:10000 UID 1:*", "* SEARCH 1 2\r\n$ OK\r\n")
      .on("UID SEARCH 10001:20000 UID 1:*", "* SEARCH 30\r\n$ OK\r\n")
      .on("UID SEARCH 20001:* UID 1:*", "* SEARCH 40 41\r\n$ OK\r\n");
  auto m = mailbox(script);
  EXPECT_EQ(*m->uids_from(1), (std::vector<std::uint32_t>{1, 2, 30, 40, 41}));
}

TEST(ImapMailbox, ListsAgainWhenAMailWasDeletedBetweenWindows) {
  ImapScript script = ImapScript::folder(15'000);
  script.on("UID SEARCH 1:10000 UID 1:*", "* SEARCH 1\r\n* 1 EXPUNGE\r\n$ OK\r\n")
      .on("UID SEARCH 10001:* UID 1:*", "* SEARCH 30\r\n$ OK\r\n")
      .on("UID SEARCH 1:10000 UID 1:*", "* SEARCH 1 29\r\n$ OK\r\n")
      .on("UID SEARCH 10001:* UID 1:*", "* SEARCH 30\r\n$ OK\r\n");
  auto m = mailbox(script);
  EXPECT_EQ(*m->uids_from(1), (std::vector<std::uint32_t>{1, 29, 30}));
}

TEST(ImapMailbox, SummariesTellSizesAndDatesOfWhatWasAskedFor) {
  ImapScript script = ImapScript::folder(4);
  script.on(
      "UID FETCH 3,5:6 (UID RFC822.SIZE INTERNALDATE)",
      "* 2 FETCH (FLAGS (\\Seen))\r\n"
      "* 2 FETCH (INTERNALDATE \" 4-Nov-2026 10:00:00 +0000\" RFC822.SIZE 5000000000 UID 5)\r\n"
      "* 1 FETCH (UID 3 RFC822.SIZE 7 INTERNALDATE NIL)\r\n"
      "* 9 FETCH (UID 99 RFC822.SIZE 7 INTERNALDATE NIL)\r\n$ OK\r\n");
  auto m = mailbox(script);
  const std::vector<std::uint32_t> uids{3, 5, 6};
  const auto found = m->summaries(uids);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].uid, 3U);
  EXPECT_FALSE((*found)[0].internal_date);
  EXPECT_EQ((*found)[1].size, 5'000'000'000U);
  EXPECT_EQ(to_rfc3339(*(*found)[1].internal_date), "2026-11-04T10:00:00Z");
}

TEST(ImapMailbox, NeverTouchesWhatPeopleSee) {
  ImapScript script = ImapScript::folder(1);
  script.on("UID SEARCH", "* SEARCH 3\r\n$ OK\r\n")
      .on("UID FETCH 3", body(3, "hello") + "$ OK\r\n");
  auto m = mailbox(script);
  ASSERT_TRUE(m->uids_from(1));
  EXPECT_EQ(fetch(*m, asked({3})).mails, Mails{"3:hello"});
  for (const std::string& command : script.heard) {
    const bool reads = command == "CAPABILITY" || command.starts_with("EXAMINE ") ||
                       command.starts_with("UID SEARCH ") || command.starts_with("UID FETCH ");
    EXPECT_TRUE(reads) << command;
    const bool asks_for_bytes = command.find("BODY") != std::string::npos;
    EXPECT_EQ(asks_for_bytes, command.find("BODY.PEEK[]") != std::string::npos) << command;
  }
}

/// A batch of 3, 5 and 6, and what each UID is answered when it is asked for alone.
struct Batch {
  const char* name;
  std::string together;
  std::map<int, std::string> alone;
  Mails mails;
  std::optional<Fault> fault = {};
};

const std::string k3 = body(3, "three"), k5 = body(5, "five"), k6 = body(6, "six");

class FetchBatch : public testing::TestWithParam<Batch> {};

TEST_P(FetchBatch, HandsOverExactlyTheWholeMails) {
  const Batch& row = GetParam();
  for (const std::size_t piece : {65536, 1, 7}) {
    ImapScript script = ImapScript::folder(3);
    script.piece = piece;
    script.on("UID FETCH 3,5:6 (UID RFC822.SIZE INTERNALDATE BODY.PEEK[])", row.together);
    for (const auto& [uid, reply] : row.alone)
      script.on("UID FETCH " + std::to_string(uid) + " ", reply);
    auto m = mailbox(script);
    const Got got = fetch(*m, asked({3, 5, 6}));
    EXPECT_EQ(got.mails, row.mails);
    EXPECT_EQ(got.fault, row.fault);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Batches, FetchBatch,
    testing::Values(
        Batch{"all", k3 + k5 + k6 + "$ OK\r\n", {}, {"3:three", "5:five", "6:six"}},
        Batch{
            "in_the_servers_order", k6 + k3 + k5 + "$ OK\r\n", {}, {"6:six", "3:three", "5:five"}},
        Batch{"news_in_between",
              "* 1 FETCH (FLAGS (\\Seen))\r\n" + k3 +
                  "* 4 EXISTS\r\n* 1 FETCH (UID 3 FLAGS ())\r\n" + k5 +
                  "* OK still here {3}\r\n* 9 EXPUNGE\r\n" + k6 + "* X \"weird\r\n$ OK\r\n",
              {},
              {"3:three", "5:five", "6:six"}},
        Batch{"a_quoted_body",
              k3 + "* 2 FETCH (UID 5 BODY[] \"a\\\"b\\\\\")\r\n" + k6 + "$ OK\r\n",
              {},
              {"3:three", "5:a\"b\\", "6:six"}},
        Batch{"a_mail_that_is_gone", k3 + k6 + "$ OK\r\n", {{5, "$ OK\r\n"}}, {"3:three", "6:six"}},
        Batch{"nil_once",
              k3 + "* 2 FETCH (UID 5 RFC822.SIZE 4 BODY[] NIL)\r\n" + k6 + "$ OK\r\n",
              {{5, k5 + "$ OK\r\n"}},
              {"3:three", "6:six", "5:five"}},
        Batch{"nothing_in_place_of_bytes",
              k3 + "* 2 FETCH (UID 5 RFC822.SIZE 4 BODY[] {0}\r\n)\r\n" + k6 + "$ OK\r\n",
              {{5, "* 2 FETCH (UID 5 RFC822.SIZE 4 BODY[] \"\")\r\n$ OK\r\n"}},
              {"3:three", "6:six"}},
        Batch{"a_mail_that_is_empty",
              k3 + "* 2 FETCH (UID 5 RFC822.SIZE 0 BODY[] {0}\r\n)\r\n" + k6 + "$ OK\r\n",
              {},
              {"3:three", "5:", "6:six"}},
        Batch{"another_uid",
              k3 + body(7, "seven") + k6 + "$ OK\r\n",
              {{5, body(8, "eight") + "$ OK\r\n"}},
              {"3:three", "6:six"}},
        Batch{"no_uid",
              k3 + "* 2 FETCH (BODY[] {4}\r\nfive)\r\n" + k6 + "$ OK\r\n",
              {{5, "* 2 FETCH (BODY[] {4}\r\nfive)\r\n$ OK\r\n"}},
              {"3:three", "6:six"}},
        Batch{"two_bodies",
              k3 + k5 + k6 + body(5, "FIVE") + "$ OK\r\n",
              {{5, "* 2 FETCH (UID 5 BODY[] \"five\" BODY[] \"FIVE\")\r\n$ OK\r\n"}},
              {"3:three", "6:six"}},
        Batch{"a_no_at_the_end_takes_all_back",
              k3 + k5 + k6 + "$ NO [SERVERBUG] x\r\n",
              {{3, k3 + "$ OK\r\n"}, {5, k5 + "$ NO x\r\n"}, {6, k6 + "$ OK\r\n"}},
              {"3:three", "6:six"}},
        Batch{"a_literal_too_short_taints_the_command",
              "* 1 FETCH (UID 3 BODY[] {2}\r\nthree)\r\n" + k5 + k6 + "$ OK\r\n",
              {{3, k3 + "$ OK\r\n"}, {5, k5 + "$ OK\r\n"}, {6, k6 + "$ OK\r\n"}},
              {"3:three", "5:five", "6:six"}},
        Batch{"a_mail_cannot_speak_for_another",
              "* 1 FETCH (UID 3 BODY[] {2}\r\nab\r\n" + body(5, "forged") + "* OK )\r\n" + k6 +
                  "$ OK\r\n",
              {{3,
                "* 1 FETCH (UID 3 BODY[] {2}\r\nab\r\n" + body(5, "forged") + "* OK )\r\n$ OK\r\n"},
               {5, k5 + "$ OK\r\n"},
               {6, k6 + "$ OK\r\n"}},
              {"5:five", "6:six"}},
        Batch{"a_literal_too_long_swallows_the_rest",
              k3 + "* 2 FETCH (UID 5 BODY[] {9000}\r\nfive)\r\n" + k6 + "$ OK\r\n",
              {},
              {},
              Fault::unavailable},
        Batch{"half_a_mail",
              k3 + k5 + "* 3 FETCH (UID 6 BODY[] {3}\r\nsi",
              {},
              {},
              Fault::unavailable},
        Batch{"bye_in_between", k3 + "* BYE\r\n" + k5 + "$ OK\r\n", {}, {}, Fault::unavailable},
        Batch{"another_folder_meanwhile",
              k3 + k5 + k6 + "* OK [UIDVALIDITY 8] new\r\n$ OK\r\n",
              {},
              {},
              Fault::unavailable},
        Batch{"over_the_limit_though_stated_small",
              k3 + body(5, std::string(10'001, 'x')) + k6 + "$ OK\r\n",
              {{5, body(5, std::string(10'001, 'x'), "BODY[]<0>") + "$ OK\r\n"}},
              {"3:three", "6:six", "5:10001"}}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ImapMailbox, OfAMailOverTheLimitTheBeginningComes) {
  const std::string first(1U << 20U, 'x');
  ImapScript script = ImapScript::folder(1);
  script
      .on("UID FETCH 3 (UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.1048576>)",
          "* 1 FETCH (UID 3 RFC822.SIZE 62914560 BODY[]<0> {1048576}\r\n" + first + ")\r\n$ OK\r\n")
      .on("UID FETCH 5 (", body(5, "ends here", "BODY[]<0>") + "$ OK\r\n")
      .on("UID FETCH 6 (", body(6, first + "and more") + "$ OK\r\n")
      .on("UID FETCH 7 (", body(7, first + first + "!") + "$ OK\r\n");
  auto m = mailbox(script);
  std::vector<MailSummary> mails;
  for (const std::uint32_t uid : {3U, 5U, 6U, 7U}) mails.push_back({uid, 60U << 20U, {}});
  std::vector<FetchedMail> got;
  ASSERT_TRUE(m->fetch(mails, 40U << 20U, [&](FetchedMail mail) {
    got.push_back(std::move(mail));
    return ok();
  }));
  ASSERT_EQ(got.size(), 3U);
  EXPECT_TRUE(got[0].truncated);
  EXPECT_EQ(got[0].size, 60U << 20U) << "as the server states it";
  EXPECT_EQ(got[0].raw, first);
  EXPECT_FALSE(got[1].truncated) << "the mail ended before the limit, whatever was stated";
  EXPECT_TRUE(got[2].truncated) << "a server that ignores what part was asked for";
  EXPECT_EQ(got[2].raw.size(), 1U << 20U);
}

TEST(ImapMailbox, HoldsNoMoreThanAFewMegabytesOfSmallMails) {
  const std::string mebibyte(1U << 20U, 'x');
  const auto run_of = [&](std::uint32_t from, std::uint32_t to) {
    std::string replies;
    for (std::uint32_t uid = from; uid <= to; ++uid) replies += body(uid, mebibyte);
    return replies + "$ OK\r\n";
  };
  std::vector<MailSummary> mails;
  for (std::uint32_t uid = 1; uid <= 12; ++uid) mails.push_back({uid, 10, {}});
  ImapScript lying = ImapScript::folder(12);
  lying.on("UID FETCH 1:12 ", run_of(1, 12));
  for (std::uint32_t uid = 9; uid <= 12; ++uid)
    lying.on("UID FETCH " + std::to_string(uid) + " ", run_of(uid, uid));
  auto l = mailbox(lying);
  EXPECT_EQ(fetch(*l, mails, 40U << 20U).mails.size(), 12U);
  EXPECT_TRUE(lying.turns.empty()) << "what is over 8 MiB is asked for alone";

  ImapScript honest = ImapScript::folder(12);
  for (MailSummary& mail : mails) mail.size = mebibyte.size();
  for (std::uint32_t first = 1; first <= 12; first += 4)
    honest.on("UID FETCH " + std::to_string(first) + ":" + std::to_string(first + 3) + " ",
              run_of(first, first + 3));
  auto h = mailbox(honest);
  EXPECT_EQ(fetch(*h, mails, 40U << 20U).mails.size(), 12U);
  EXPECT_TRUE(honest.turns.empty()) << "4 MiB for each command";
}

TEST(ImapMailbox, AFailingSinkEndsTheFetchWithItsFailure) {
  ImapScript script = ImapScript::folder(3);
  script.on("UID FETCH 3,5:6 ", k3 + k5 + k6 + "$ OK\r\n");
  auto m = mailbox(script);
  int taken = 0;
  const Status done = m->fetch(asked({3, 5, 6}), kMost, [&](const FetchedMail&) -> Status {
    if (++taken == 2) return Error{Fault::internal, "disk"};
    return ok();
  });
  EXPECT_EQ(done.error().text(), "disk");
  EXPECT_EQ(taken, 2);
}

TEST(ImapMailbox, ByeAtEveryStepIsUnavailable) {
  const char* bye = "* BYE\r\n";
  for (int step = 0; step < 5; ++step) {
    ImapScript script;
    const auto say = [&](int at, const std::string& text) { return at == step ? bye : text; };
    script.on("CAPABILITY", say(0, "* CAPABILITY X\r\n$ OK\r\n"))
        .on("EXAMINE", say(1, "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n$ OK\r\n"))
        .on("UID SEARCH", say(2, "* SEARCH 3\r\n$ OK\r\n"))
        .on("UID FETCH 3 (UID RFC822.SIZE INTERNALDATE)",
            say(3, "* 1 FETCH (UID 3 RFC822.SIZE 5)\r\n$ OK\r\n"))
        .on("UID FETCH 3 (UID RFC822.SIZE INTERNALDATE BODY", say(4, k3 + "$ OK\r\n"));
    const auto all = [&]() -> Status {
      auto m = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
      if (!m) return m.error();
      if (const auto state = (*m)->open("INBOX"); !state) return state.error();
      const auto uids = (*m)->uids_from(1);
      if (!uids) return uids.error();
      const auto mails = (*m)->summaries(*uids);
      if (!mails) return mails.error();
      return (*m)->fetch(*mails, kMost, [](const FetchedMail&) { return ok(); });
    };
    const Status done = all();
    ASSERT_FALSE(done) << step;
    EXPECT_EQ(done.error().fault(), Fault::unavailable) << step;
  }
}

}  // namespace
}  // namespace trust::imap
