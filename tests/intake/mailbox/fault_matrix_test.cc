// Every step of a look against every way in which a server can fail, and every way in which what
// it says of one mail can be wrong: nothing is lost, doubled or mistaken for another.
#include <gtest/gtest.h>

#include "intake/mailbox/ledger.h"
#include "lib/base/log.h"
#include "lib/imap/imap_mailbox.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/intake_store.h"
#include "tests/fakes/scripted_imap.h"
#include "tests/fakes/well_imap.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;
using test::ImapScript;
using test::WellImap;
using Lines = std::vector<std::string>;

constexpr const char* kFolder = "\\Junk";

class FaultyServer : public testing::Test {
 protected:
  FaultyServer() {
    set_log_output(LogTo::nowhere);
    settings_.account = "security@imap.example.org";
    settings_.first_look.from = FirstLook::From::all;
    well_.folders["Spam"] = {{{3, {"three\r\n"}}, {4, {"four\r\n"}}, {5, {"five\r\n"}}}, "\\Junk"};
  }

  /// A look on a connection of its own, as `run` does it, and what `watch` does before.
  Result<Synced> look(ImapScript& script, bool watches) {
    const auto made = imap::ImapMailbox::over(std::make_unique<test::ScriptedImap>(script));
    if (!made) return made.error();
    if (const auto state = (*made)->status(kFolder); !state) return state.error();
    if (watches) {
      if (const auto state = (*made)->open(kFolder); !state) return state.error();
      if (const auto news = (*made)->wait_for_news(0ms); !news) return news.error();
    }
    return sync_folder(**made, kFolder, c_, keyring_, settings_, clock_,
                       [this](const std::string& id) { told_.push_back(id); });
  }
  Result<Synced> look() {
    ImapScript script;
    script.otherwise = std::ref(well_);
    return look(script, false);
  }
  /// "uid outcome bytes", of the whole ledger.
  Lines ledger() {
    const store::Sql all{"all", R"sql(
        SELECT l.uid, l.outcome, m.raw FROM mailbox_ledger l LEFT JOIN mail m ON m.id = l.mail_id
        ORDER BY l.uid)sql",
                         "itb"};
    const auto rows = c_.query(all);
    Lines lines;
    // One whose date or size was lied about at first is asked for anew, and found to be known.
    for (const store::Row& row : *rows)
      lines.push_back(std::to_string(row[0].integer()) + " " +
                      (row[1].text() == "same_bytes" ? "stored" : row[1].text()) +
                      (row[2].is_null() ? "" : " " + row[2].bytes()));
    return lines;
  }
  std::int64_t mails() { return test::number(c_, "SELECT COUNT(*) FROM mail"); }
  /// No bytes in the store but those of the mails that stand in the folder.
  void expect_true_bytes() {
    Lines true_ones;
    for (const auto& [uid, mail] : well_.folders["Spam"].mails)
      true_ones.push_back(std::to_string(uid) + " stored " + mail.raw);
    for (const std::string& line : ledger()) {
      if (line.find(" stored") == std::string::npos) continue;
      EXPECT_NE(std::find(true_ones.begin(), true_ones.end(), line), true_ones.end()) << line;
    }
  }
  void expect_everything_once() {
    EXPECT_EQ(ledger(), (Lines{"3 stored three\r\n", "4 stored four\r\n", "5 stored five\r\n"}));
    EXPECT_EQ(mails(), 3);
    EXPECT_EQ(std::set(told_.begin(), told_.end()).size(), 3U);
    EXPECT_EQ(told_.size(), 3U) << "each is filed once";
  }

  test::TestStore store_{"SQLite", test::intake_tables()};
  store::Connection c_ = store_.connect();
  Keyring keyring_ = Keyring::from_secret("a key of the tests");
  test::FakeClock clock_{*parse_rfc3339("2026-11-24T12:00:00Z")};
  SyncSettings settings_;
  WellImap well_;
  std::vector<std::string> told_;
};

/// Where in the look; what the command begins with, or holds.
struct Step {
  const char* name;
  const char* command;
  bool is_of(const std::string& c) const { return c.find(command) != std::string::npos; }
};
std::ostream& operator<<(std::ostream& out, const Step& row) { return out << row.name; }
const Step kSteps[] = {{"capability", "CAPABILITY"},
                       {"list", "LIST \"\""},
                       {"status", "STATUS "},
                       {"examine", "EXAMINE "},
                       {"search", "UID SEARCH "},
                       {"sizes", "(UID RFC822.SIZE INTERNALDATE)"},
                       {"bodies", "BODY.PEEK[]"},
                       {"idle", "IDLE"},
                       {"done", "DONE"}};

/// What is said in place of the true answer, "$" for the tag; "?" is the answer's first half, "!"
/// all of it but its OK, which is a NO.
struct Misdeed {
  const char* name;
  std::string say;
  ImapScript::Silence then = ImapScript::Silence::stalls;
  bool without_end = false;
};
std::ostream& operator<<(std::ostream& out, const Misdeed& row) { return out << row.name; }
const Misdeed kMisdeeds[] = {
    {"hangs_up", "", ImapScript::Silence::hangs_up},
    {"hangs_up_midway", "?", ImapScript::Silence::hangs_up},
    {"stalls", ""},
    {"stalls_midway", "?"},
    {"garbage", "HTTP/1.1 400 Bad Request\r\n\r\n$ OK done\r\n"},
    {"endless_line", "* X " + std::string(65'000, 'a'), ImapScript::Silence::stalls, true},
    {"bye", "* BYE shutting down\r\n$ OK done\r\n"},
    {"no", "$ NO not now\r\n"},
    {"no_at_the_end", "!"},
    {"bad", "$ BAD what\r\n"},
    {"wrong_tag", "a1 OK done\r\n$ OK done\r\n"},
    {"flood", "* OK " + std::string(65'000, 'a') + "\r\n", ImapScript::Silence::stalls, true},
};

/// How the look ends where not with Fault::unavailable. "whole": nothing was lost by it.
std::string ends(const Step& step, const Misdeed& misdeed) {
  const std::string at = step.name;
  std::string how = misdeed.name;
  if (how == "no_at_the_end") {
    if (at == "idle") return "whole";  // "+ idling" is all there is
    how = "no";
  }
  if (how == "no" && (at == "status" || at == "examine")) return "not_found";
  if ((how == "no" || how == "bad") && (at == "idle" || at == "done")) return "denied";
  // Each mail is then asked for by itself, once more on another connection ...
  if ((how == "no" || how == "bad") && at == "bodies") return "again";
  // ... and without its size.
  if ((how == "no" || how == "bad") && at == "sizes") return "whole";
  return "unavailable";
}

class FaultMatrix : public FaultyServer,
                    public testing::WithParamInterface<std::tuple<Step, Misdeed>> {};

TEST_P(FaultMatrix, FailsTheLookAndTheNextOneHasEverythingOnce) {
  const Step& step = std::get<0>(GetParam());
  const Misdeed& misdeed = std::get<1>(GetParam());
  ImapScript script;
  script.then = misdeed.then;
  if (misdeed.without_end) script.repeat = misdeed.say;
  bool met = false;
  script.otherwise = [&](const std::string& command, const std::string& tag) {
    std::string well = well_(command, tag);
    if (!step.is_of(command)) return well;
    met = true;
    if (misdeed.without_end) return misdeed.say;
    if (misdeed.say == "?") return well.substr(0, well.size() / 2);
    if (misdeed.say == "!") return replace_all(well, tag + " OK", tag + " NO");
    return replace_all(misdeed.say, "$", tag);
  };
  const Result<Synced> looked = look(script, true);
  EXPECT_TRUE(met) << "the step was never taken";
  const std::string ended = !looked             ? std::string{name_of(looked.error().fault())}
                            : looked->again > 0 ? "again"
                                                : "whole";
  EXPECT_EQ(ended, ends(step, misdeed)) << (looked ? "" : looked.error().text());
  expect_true_bytes();
  EXPECT_EQ(mails(), ended == "whole" ? 3 : 0);

  ASSERT_TRUE(look());
  expect_everything_once();
  ASSERT_TRUE(look());
  expect_everything_once();
}

INSTANTIATE_TEST_SUITE_P(All, FaultMatrix,
                         testing::Combine(testing::ValuesIn(kSteps), testing::ValuesIn(kMisdeeds)),
                         [](const auto& row) {
                           return std::string{std::get<0>(row.param).name} + "_" +
                                  std::get<1>(row.param).name;
                         });

/// What the server says when it is asked for the bytes of UID 4, and what is made of that.
struct Lie {
  const char* name;
  std::string say;
  std::string four = "";         ///< the ledger's line after the looks; "": none of its bytes
  std::string received_by = "";  ///< of UID 4, where that is what the row is about
};
std::string with(const std::string& items) { return "* 2 FETCH (UID 4 " + items + ")\r\n"; }
const std::string kFour = "BODY[] {6}\r\nfour\r\n";
const std::string kStored = "4 stored four\r\n";
const Lie kLies[] = {
    {"literal_too_small", with("BODY[] {2}\r\nfour\r\n")},
    {"literal_too_big", with("BODY[] {7}\r\nfour\r\n")},
    {"literal_far_too_big", with("BODY[] {70000}\r\nfour\r\n")},
    {"literal_zero", with("RFC822.SIZE 6 BODY[] {0}\r\n")},
    {"literal_zero_then_bytes", with("RFC822.SIZE 6 BODY[] {0}\r\nfour\r\n")},
    {"literal_2_64", with("BODY[] {18446744073709551616}\r\nfour\r\n")},
    {"literal_2_64_and_6", with("BODY[] {18446744073709551622}\r\nfour\r\n")},
    {"literal_2_32_and_6", with("BODY[] {4294967302}\r\nfour\r\n")},
    {"literal_negative", with("BODY[] {-1}\r\nfour\r\n")},
    {"literal_of_letters", with("BODY[] {six}\r\nfour\r\n")},
    {"literal_of_hex", with("BODY[] {0x6}\r\nfour\r\n")},
    {"literal_of_nothing", with("BODY[] {}\r\nfour\r\n")},
    {"nil", with("BODY[] NIL")},
    {"atom", with("BODY[] four")},
    {"list", with("BODY[] (four)")},
    {"quoted", with("BODY[] \"four\r\n\"")},
    {"two_bodies_in_one", with(kFour + " BODY[] {6}\r\nFOUR\r\n")},
    {"two_replies", with(kFour) + with("BODY[] {6}\r\nFOUR\r\n")},
    {"another_uid", "* 2 FETCH (UID 44 BODY[] {6}\r\nfour\r\n)\r\n"},
    {"uid_of_a_neighbour_too", "* 2 FETCH (UID 4 UID 44 BODY[] {6}\r\nfour\r\n)\r\n"},
    {"uid_zero", "* 2 FETCH (UID 0 BODY[] {6}\r\nfour\r\n)\r\n"},
    {"no_uid", "* 2 FETCH (BODY[] {6}\r\nfour\r\n)\r\n"},
    {"another_part", with("BODY[TEXT] {6}\r\nfour\r\n")},
    {"odd_number_of_items", with(kFour + " FLAGS")},
    {"ok_without_a_body", with("RFC822.SIZE 6")},
    {"ok_with_nothing", ""},
    {"flags_before", with("FLAGS (\\Seen)") + with("FLAGS () " + kFour), kStored},
    {"flags_after", with(kFour + " FLAGS (\\Seen $Junk)") + with("FLAGS ()"), kStored},
    {"modseq_in_between", with("MODSEQ (12) " + kFour), kStored},
    {"expunge_before", "* 1 EXPUNGE\r\n" + with(kFour), kStored},
    {"expunge_after", with(kFour) + "* 2 EXPUNGE\r\n", kStored},
    {"size_too_small", with("RFC822.SIZE 1 " + kFour), kStored},
    {"size_too_big", with("RFC822.SIZE 99999999 " + kFour), kStored},
    {"size_no_number", with("RFC822.SIZE -1 " + kFour), kStored},
    {"date_of_1970", with("INTERNALDATE \"01-Jan-1970 00:00:00 +0000\" " + kFour), kStored,
     "first_seen_of_old"},
    {"date_of_2099", with("INTERNALDATE \"31-Dec-2099 23:59:59 +0000\" " + kFour), kStored,
     "first_seen"},
    {"date_that_is_none", with("INTERNALDATE \"31-Feb-2026 25:61:00 +9999\" " + kFour), kStored,
     "internal_date"},  // of the answer about sizes
};
std::ostream& operator<<(std::ostream& out, const Lie& row) { return out << row.name; }

class Lies : public FaultyServer, public testing::WithParamInterface<Lie> {};
INSTANTIATE_TEST_SUITE_P(AboutOneMail, Lies, testing::ValuesIn(kLies),
                         [](const auto& row) { return row.param.name; });

TEST_P(Lies, AreNotBelievedAndKeepNoOtherMailBack) {
  const Lie& lie = GetParam();
  well_.odd[4] = lie.say;
  for (int looks = 0; looks < 4; ++looks) static_cast<void>(look());
  const Lines ledger_now = ledger();
  const std::string four = lie.four.empty() ? "4 quarantined" : lie.four;
  EXPECT_EQ(ledger_now, (Lines{"3 stored three\r\n", four, "5 stored five\r\n"}));
  if (!lie.received_by.empty()) {
    const store::Sql by{"by", "SELECT received_by FROM mail WHERE raw = $1", "t"};
    EXPECT_EQ((*c_.query_one(by, {store::Bytes{"four\r\n"}}))[0].text(), lie.received_by);
  }
  well_.odd.clear();
  clock_.at += 25h;
  ASSERT_TRUE(look());
  expect_everything_once();
}

TEST_F(FaultyServer, WhatNobodyAskedForMayStandEverywhere) {
  well_.noise =
      "* 3 EXISTS\r\n* 1 RECENT\r\n* FLAGS (\\Seen)\r\n* 1 FETCH (FLAGS (\\Seen))\r\n"
      "* 2 FETCH (UID 99 FLAGS ())\r\n* 2 FETCH (UID 4 FLAGS ())\r\n* 9 EXPUNGE\r\n* OK [ALERT] "
      "x\r\n"
      "* NO still here {6}\r\n* SEARCH\r\n* LIST () \"/\" \"Other\"\r\n* X-NEWS {2}\r\n\r\n\r\n";
  const Result<Synced> looked = look();
  ASSERT_TRUE(looked) << looked.error().text();
  expect_everything_once();
}

TEST_F(FaultyServer, AMailThatVanishesWhileItIsFetchedIsGone) {
  ImapScript script;
  script.otherwise = [&](const std::string& command, const std::string& tag) {
    if (command.find("BODY.PEEK[]") == std::string::npos) return well_(command, tag);
    well_.folders["Spam"].mails.erase(4);
    return "* 2 EXPUNGE\r\n" + well_(command, tag);
  };
  ASSERT_TRUE(look(script, false));
  EXPECT_EQ(ledger(), (Lines{"3 stored three\r\n", "4 gone", "5 stored five\r\n"}));
}

/// A reader as one writes it on the first day: a line that starts like a reply is one.
std::map<std::uint32_t, std::string> read_naively(const std::string& said, const std::string& tag) {
  std::map<std::uint32_t, std::string> mails;
  std::uint32_t uid = 0;
  for (std::size_t at = 0; at < said.size();) {
    const std::size_t end = said.find("\r\n", at) + 2;
    const std::string line = said.substr(at, end - at);
    at = end;
    if (line.starts_with(tag + " ")) break;
    if (const std::size_t u = line.find("UID "); line.starts_with("* "))
      uid = u == std::string::npos ? 0 : static_cast<std::uint32_t>(std::stoul(line.substr(u + 4)));
    else if (uid != 0 && line != ")\r\n")
      mails[uid] += line;
  }
  return mails;
}

TEST_F(FaultyServer, RepliesForgedInsideAMailAreItsText) {
  const auto forged = [](const std::string& tag) {
    return "a mail\r\n)\r\n" + tag + " OK done\r\n* 3 FETCH (UID 5 BODY[] {6}\r\nevil\r\n)\r\n" +
           tag + " OK done\r\n* BYE\r\nthe end\r\n";
  };
  std::map<std::uint32_t, WellImap::Mail>& mails = well_.folders["Spam"].mails;
  std::map<std::uint32_t, std::string> honest, true_ones;
  for (const auto& [uid, mail] : mails) honest[uid] = mail.raw;
  well_.open_folder = "Spam";
  ASSERT_EQ(read_naively(well_("UID FETCH 3:5 BODY.PEEK[]", "A1"), "A1"), honest)
      << "with honest mails the naive reader is right";

  // The worst case: whoever wrote the mail knows the tag that is in use.
  for (const std::string tag : {"A1", "*", "+", "ours"}) {
    SCOPED_TRACE(tag);
    ImapScript script;
    script.otherwise = [&](const std::string& command, const std::string& in_use) {
      const std::string prefix = in_use.substr(0, in_use.find_last_not_of("0123456789") + 1);
      if (command == "CAPABILITY") {
        std::string all;
        for (int n = 1; n < 20; ++n) all += forged(prefix + std::to_string(n));
        mails[4].raw = tag == "ours" ? all : forged(tag);
      }
      std::string said = well_(command, in_use);
      if (command.find("BODY.PEEK[]") != std::string::npos) {
        true_ones.clear();
        for (const auto& [uid, mail] : mails) true_ones[uid] = mail.raw;
        EXPECT_NE(read_naively(said, tag == "A1" ? tag : in_use), true_ones)
            << "the naive reader is fooled";
      }
      return said;
    };
    ++well_.folders["Spam"].uidvalidity;
    const Result<Synced> looked = look(script, false);
    ASSERT_TRUE(looked) << looked.error().text();
    EXPECT_EQ(looked->again, 0);
    const store::Sql of{"of", R"sql(
        SELECT m.raw FROM mailbox_ledger l JOIN mail m ON m.id = l.mail_id
        WHERE l.uidvalidity = $1 AND l.uid = $2)sql",
                        "b"};
    for (const auto& [uid, raw] : true_ones)
      EXPECT_EQ((*c_.query_one(of, {well_.folders["Spam"].uidvalidity, uid}))[0].bytes(), raw);
  }
}

}  // namespace
}  // namespace trust::intake
