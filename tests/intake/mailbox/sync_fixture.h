#pragma once

#include <gtest/gtest.h>

#include "intake/mailbox/ledger.h"
#include "intake/schema/migrations.h"
#include "lib/base/log.h"
#include "lib/outbox/migrations.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_mailbox.h"
#include "tests/fakes/test_store.h"

namespace trust::intake {

using namespace std::chrono_literals;
using store::Sql;
using Lines = std::vector<std::string>;

inline std::vector<store::Migration> schema() {
  const auto outbox = lib_outbox_migrations();
  const auto intake = intake_schema_migrations();
  std::vector<store::Migration> all{outbox.begin(), outbox.end()};
  all.insert(all.end(), intake.begin(), intake.end());
  return all;
}

/// A folder of a mailbox in memory, and the store that it is taken into.
class Sync : public testing::TestWithParam<std::string> {
 protected:
  Sync() {
    set_log_output(LogTo::nowhere);
    settings_.account = "security@imap.example.org";
    settings_.first_look.from = FirstLook::From::all;
    settings_.recent_since = clock_.at - 72h;
  }

  Result<Synced> look() {
    return sync_folder(mailbox_, "INBOX", c_, keyring_, settings_, clock_,
                       [this](const std::string& id) { told_.push_back(id); });
  }
  void add(std::uint32_t uid, std::string raw, std::chrono::hours ago = 0h) {
    mailbox_.add(uid, std::move(raw), clock_.at - ago);
  }
  /// "uid outcome" of every ledger row, and the words of the mails behind them.
  std::vector<std::string> ledger() {
    const Sql all{"all", R"sql(
        SELECT l.uidvalidity, l.uid, l.outcome, l.tries, m.raw FROM mailbox_ledger l LEFT JOIN mail m ON m.id = l.mail_id
        ORDER BY l.uidvalidity, l.uid)sql",
                  "iitib"};
    const auto rows = c_.query(all);
    std::vector<std::string> lines;
    for (const store::Row& row : *rows) {
      std::string line = row[0].integer() == 7 ? "" : std::to_string(row[0].integer()) + "/";
      line += std::to_string(row[1].integer()) + " " + row[2].text();
      if (row[3].integer() > 0) line += " " + std::to_string(row[3].integer());
      if (!row[4].is_null()) line += " " + row[4].bytes();
      lines.push_back(line);
    }
    return lines;
  }
  std::int64_t mails() {
    return (*c_.query_one(Sql{"mails", "SELECT COUNT(*) FROM mail", "i"}))[0].integer();
  }
  store::Row mail_row() {
    return *c_.query_one(Sql{"mail_row", R"sql(
        SELECT received_at, received_by, first_seen_at, size_bytes, truncated, folder, stage FROM mail)sql",
                             "itiiitt"});
  }

  test::TestStore store_{GetParam(), schema()};
  store::Connection c_ = store_.connect();
  Keyring keyring_ = Keyring::from_secret("a key of the tests");
  test::FakeClock clock_{*parse_rfc3339("2026-11-24T12:00:00Z")};
  test::FakeMailbox mailbox_;
  SyncSettings settings_;
  std::vector<std::string> told_;
};

}  // namespace trust::intake
