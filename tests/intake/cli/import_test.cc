// Mails out of files, as `import` takes them in.
#include "lib/base/text.h"
#include "tests/intake/cli/command_world.h"

namespace trust::intake {
namespace {

using Lines = std::vector<std::string>;

class Import : public MailCommandTest {
 protected:
  Ran import(const Lines& names, const std::string& option = "--json") {
    Lines line{"import", option, "--by=ada@example.org"};
    for (const std::string& name : names) line.push_back((folder_ / name).string());
    return run_here(line);
  }
  static std::string mbox(std::initializer_list<std::string> mails) {
    std::string all;
    for (const std::string& mail : mails)
      all += "From ann Tue Nov 24 10:00:00 2026\n" + replace_all(mail, "\r\n", "\n") + "\n";
    return all;
  }
  std::string said(int taken_in, int known) {
    return R"({"taken_in":)" + std::to_string(taken_in) + R"(,"known":)" + std::to_string(known) +
           "}\n";
  }
};

TEST_P(Import, TheSameBytesAreKnownHoweverTheyWereSaved) {
  write("all.mbox", mbox({report(1), report(2)}));
  EXPECT_EQ(import({"all.mbox"}).out, said(2, 0));
  write("one.eml", report(1));
  write("two.eml", replace_all(report(2), "\r\n", "\n"));
  EXPECT_EQ(import({"all.mbox", "one.eml", "two.eml"}).out, said(0, 4));
  EXPECT_EQ(import({"one.eml"}, "--acknowledge").out,
            "0 taken in, 1 known already; `run` files them\n");
  file();
  EXPECT_EQ(count("cases"), 2);
}

TEST_P(Import, TheTopmostReceivedFieldSaysWhenItArrived) {
  write("all.mbox", mbox({report(1,
                                 "Mon, 2 Nov 2026 09:00:00 +0100\r\nReceived: from x by y; Sun, "
                                 "1 Nov 2026 09:00:00 +0100"),
                          report(2), report(3, "Mon, 30 Nov 2026 09:00:00 +0000")}));
  EXPECT_EQ(import({"all.mbox"}).out, said(3, 0));
  EXPECT_EQ(arrivals(),
            (Lines{"2026-11-02T08:00:00Z received_field", "2026-11-25T12:00:00Z first_seen",
                   "2026-11-25T12:00:00Z first_seen"}))
      << "without one, and with one of tomorrow, it is now";
}

TEST_P(Import, NobodyIsAcknowledgedUnlessAsked) {
  write("a.eml", report(1));
  import({"a.eml"});
  file();
  EXPECT_EQ(count("cases WHERE acknowledgment_because = 'imported'"), 1);
  EXPECT_EQ(count("outbox WHERE kind = 'acknowledgment'"), 0);
  EXPECT_EQ(count("outbox WHERE kind = 'notice'"), 1) << "staff hear of it";
  // Positive control: asked for, it is given, as often as the budgets have it.
  write("more.mbox", mbox({report(2, "Mon, 2 Nov 2026 09:00:00 +0100"), report(3),
                           report(4, "", "bob@example.com")}));
  EXPECT_EQ(import({"more.mbox"}, "--acknowledge").exit, cli::Exit::done);
  file();
  EXPECT_EQ(count("outbox WHERE kind = 'acknowledgment'"), 2) << "Ann's first, and Bob's";
  EXPECT_EQ(count("cases WHERE acknowledgment = 'over_budget'"), 1);
}

TEST_P(Import, FilesThatCannotBeReadAreNamedAndTheOthersGoOn) {
  write("a.eml", report(1));
  write("empty.mbox", "");
  fs::create_directories(folder_ / "folder");
  const Ran ran = import({"none.eml", "empty.mbox", "folder", "a.eml"});
  EXPECT_EQ(ran.exit, cli::Exit::not_found);
  EXPECT_EQ(ran.out, said(1, 0));
  for (const char* name : {"none.eml", "empty.mbox", "folder"})
    EXPECT_NE(ran.err.find((folder_ / name).string() + ": holds no mail, or cannot be read\n"),
              std::string::npos)
        << ran.err;
}

TEST_P(Import, BrokenOffInTheMiddleItGoesOnBehindWhatIsStored) {
  write("all.mbox", mbox({report(1), report(2), report(3)}));
  write("b.eml", report(4));
  int asked = 0;
  const ParseMail reads =
      std::exchange(parse_, [&](std::string_view raw) -> Result<mail::ParsedMail> {
        if (++asked == 2) return Error{Fault::unavailable, "no child can be started"};
        return mail::parse(raw);
      });
  const Ran ran = import({"all.mbox", "b.eml"});
  EXPECT_EQ(ran.exit, cli::Exit::unavailable);
  EXPECT_EQ(ran.out, said(2, 0));
  EXPECT_NE(ran.err.find("all.mbox: no child can be started\n"), std::string::npos) << ran.err;
  parse_ = reads;
  EXPECT_EQ(import({"all.mbox", "b.eml"}).out, said(2, 2));
  EXPECT_EQ(count("mail"), 4);
}

TEST_P(Import, WhatTheMailboxGaveIsKnownAndACopyJoinsItsCase) {
  ASSERT_TRUE(look());
  mailbox_.add(1, report(1), clock_.at);
  ASSERT_EQ(look()->stored, 1);
  file();
  write("all.mbox", mbox({report(1), report(1, "Tue, 24 Nov 2026 11:00:00 +0100")}));
  EXPECT_EQ(import({"all.mbox"}).out, said(1, 1));
  file();
  EXPECT_EQ(count("cases"), 1);
  EXPECT_EQ(count("mail WHERE relation = 'copy'"), 1);
  EXPECT_EQ(count("outbox WHERE kind = 'acknowledgment'"), 1);
  EXPECT_EQ(count("promise"), 1);
}

TEST_P(Import, WhatWasPurgedStaysAway) {
  ASSERT_TRUE(office_->connection.execute(
      {"bury", "INSERT INTO tombstone (digest_bytes, at) VALUES ($1, 1)"},
      {office_->keyring.digest("bytes", report(1))}));
  write("a.eml", report(1));
  EXPECT_EQ(import({"a.eml"}).out, said(0, 1));
  EXPECT_EQ(count("mail"), 0);
}

INSTANTIATE_TEST_SUITE_P(Stores, Import, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
