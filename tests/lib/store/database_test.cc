#include "lib/store/database.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "lib/store/migrate.h"
#include "tests/fakes/test_store.h"

namespace trust::store {
namespace {

constexpr Migration kThings[] = {{"0001_things", R"sql(
-- A table for these tests.
CREATE TABLE thing (
    seq   BIGSERIAL_KEY,
    name  TEXT NOT NULL UNIQUE,   -- a comment; with a semicolon
    size  BIGINT,
    raw   BLOB
);
CREATE INDEX thing_size ON thing (size);
)sql"}};

constexpr Sql kInsert{"insert_thing", "INSERT INTO thing (name, size, raw) VALUES ($1, $2, $3)"};
constexpr Sql kSelect{"select_thing", "SELECT name, size, raw FROM thing ORDER BY seq", "tib"};
constexpr Sql kCount{"count_things", "SELECT COUNT(*) FROM thing", "i"};

class DatabaseTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), kThings};
  Connection c_ = store_.connect();
};

TEST_P(DatabaseTest, ValuesComeBackAsTheyWent) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  ASSERT_TRUE(c_.execute(kInsert, {"a 'quote' \\ ü", std::int64_t{1} << 40, Bytes{all_bytes}}));
  ASSERT_TRUE(c_.execute(kInsert, {"nothing", Null{}, Null{}}));
  ASSERT_TRUE(c_.execute(kInsert, {"empty", 0, Bytes{""}}));
  const Result<Rows> rows = c_.query(kSelect);
  ASSERT_TRUE(rows) << rows.error().text();
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[0][0].text(), "a 'quote' \\ ü");
  EXPECT_EQ((*rows)[0][1].integer(), std::int64_t{1} << 40);
  EXPECT_EQ((*rows)[0][2].bytes(), all_bytes);
  EXPECT_TRUE((*rows)[1][1].is_null());
  EXPECT_TRUE((*rows)[1][2].is_null());
  EXPECT_FALSE((*rows)[2][1].is_null());
  EXPECT_EQ((*rows)[2][2].bytes(), "");
}

TEST_P(DatabaseTest, TextWithNulAndBadUtf8IsKeptReadableOnBothStores) {
  ASSERT_TRUE(c_.execute(kInsert, {std::string{"a\0b\xFF", 4}, 1, Null{}}));
  EXPECT_EQ((*c_.query(kSelect))[0][0].text(),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST_P(DatabaseTest, ManyRowsAndAReusedStatement) {
  ASSERT_TRUE(c_.transaction([](Connection& c) -> Status {
    for (int i = 0; i < 500; ++i)
      if (Status s = c.execute(kInsert, {"n" + std::to_string(i), i, Bytes{"x"}}); !s) return s;
    return ok();
  }));
  const Result<Rows> rows = c_.query(kSelect);
  ASSERT_EQ(rows->size(), 500U);
  EXPECT_EQ(rows->back()[0].text(), "n499");
  EXPECT_EQ(c_.query(kSelect)->size(), 500U);
}

TEST_P(DatabaseTest, ConstraintIsAConflictAndQuotesNothing) {
  ASSERT_TRUE(c_.execute(kInsert, {"ann@example.org", 1, Null{}}));
  const Status second = c_.execute(kInsert, {"ann@example.org", 2, Null{}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault(), Fault::conflict);
  EXPECT_EQ(second.error().text(), "store: insert_thing: constraint");
}

TEST_P(DatabaseTest, FailedTransactionLeavesNothing) {
  const Status failed = c_.transaction([](Connection& c) -> Status {
    if (Status s = c.execute(kInsert, {"gone", 1, Null{}}); !s) return s;
    return Error{Fault::invalid, "on purpose"};
  });
  EXPECT_EQ(failed.error().fault(), Fault::invalid);
  EXPECT_EQ((*c_.query_one(kCount))[0].integer(), 0);
}

TEST_P(DatabaseTest, AbortedStatementInsideATransactionRollsBackAndTheConnectionLives) {
  ASSERT_TRUE(c_.execute(kInsert, {"taken", 1, Null{}}));
  const Status failed = c_.transaction([](Connection& c) {
    [[maybe_unused]] Status first = c.execute(kInsert, {"new", 1, Null{}});
    return c.execute(kInsert, {"taken", 1, Null{}});
  });
  EXPECT_EQ(failed.error().fault(), Fault::conflict);
  EXPECT_EQ((*c_.query_one(kCount))[0].integer(), 1);
}

TEST_P(DatabaseTest, TwoWritersBothGetTheirTurn) {
  std::atomic<int> failures{0};
  const auto write = [&](const std::string& prefix) {
    Connection c = store_.connect();
    for (int i = 0; i < 50; ++i) {
      const Status done = c.transaction([&](Connection& inner) {
        return inner.execute(kInsert, {prefix + std::to_string(i), i, Null{}});
      });
      if (!done) ++failures;
    }
  };
  std::thread other{write, "a"};
  write("b");
  other.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ((*c_.query_one(kCount))[0].integer(), 100);
}

constexpr Sql kOwnBackend{"own_backend", "SELECT pg_backend_pid()::bigint", "i"};
constexpr Sql kEnd{"end_backend", "SELECT pg_terminate_backend($1::int)::int::bigint", "i"};

/// Ends the server's side of `c`, as a restart of the server does.
void cut(const test::TestStore& store, Connection& c) {
  if (c.engine() == Engine::sqlite) return;
  const std::int64_t backend = (*c.query_one(kOwnBackend))[0].integer();
  Connection other = store.connect();
  ASSERT_EQ((*other.query_one(kEnd, {backend}))[0].integer(), 1);
  constexpr Sql kThere{"has_backend", "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1", "i"};
  for (int i = 0; i < 500 && (*other.query_one(kThere, {backend}))[0].integer() > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

TEST_P(DatabaseTest, ALostConnectionIsUnavailableOnceAndThenOpenedAnew) {
  ASSERT_TRUE(c_.execute(kInsert, {"before", 1, Null{}}));
  ASSERT_TRUE(c_.query(kSelect));
  for (int round = 0; round < 3; ++round) {
    cut(store_, c_);
    if (c_.engine() == Engine::postgresql) {
      EXPECT_EQ(c_.query(kSelect).error().fault(), Fault::unavailable);
    }
    ASSERT_EQ(c_.query(kSelect)->size(), 1U);
  }
}

TEST_P(DatabaseTest, ATransactionWhoseConnectionIsLostRunsOnceMoreAsAWhole) {
  int runs = 0;
  ASSERT_TRUE(c_.transaction([&](Connection& c) -> Status {
    if (Status first = c.execute(kInsert, {"first", ++runs, Null{}}); !first) return first;
    if (runs == 1) cut(store_, c);
    return c.execute(kInsert, {"second", runs, Null{}});
  }));
  EXPECT_EQ(runs, c_.engine() == Engine::postgresql ? 2 : 1);
  EXPECT_EQ((*c_.query_one(kCount))[0].integer(), 2) << "neither half stands twice or alone";
}

TEST_P(DatabaseTest, AConnectionLostWhileCommittingLeavesTheOutcomeOpenAndIsNotRepeated) {
  int runs = 0;
  const Status done = c_.transaction([&](Connection& c) -> Status {
    ++runs;
    if (Status first = c.execute(kInsert, {"once", 1, Null{}}); !first) return first;
    cut(store_, c);
    return ok();
  });
  EXPECT_EQ(runs, 1);
  if (c_.engine() == Engine::postgresql) {
    EXPECT_EQ(done.error().fault(), Fault::outcome_unknown);
    EXPECT_EQ((*c_.query_one(kCount))[0].integer(), 0) << "read again on a new connection";
  }
}

TEST_P(DatabaseTest, MigrateTwiceChangesNothingAndANewerStoreIsRefused) {
  EXPECT_TRUE(migrate(c_, kThings));
  EXPECT_TRUE(require_schema(c_, kThings));
  EXPECT_EQ(migrate(c_, {}).error().fault(), Fault::conflict);
  constexpr Migration two[] = {kThings[0], {"0002_more", "CREATE TABLE more (id TEXT);\n"}};
  const Status behind = require_schema(c_, two);
  ASSERT_FALSE(behind);
  EXPECT_NE(behind.error().text().find("migrate"), std::string::npos);
  EXPECT_TRUE(migrate(c_, two));
  EXPECT_TRUE(require_schema(c_, two));
}

TEST_P(DatabaseTest, EmptyStoreAsksForMigrate) {
  test::TestStore fresh{GetParam()};
  Connection c = fresh.connect();
  EXPECT_EQ(require_schema(c, kThings).error().fault(), Fault::conflict);
}

TEST(DatabaseUrl, KeepsItsPartsApartOnTheWayToPostgreSql) {
  for (const char* url : {"postgresql://u%20host=evil@h/n", "postgresql://u@h/n%20user=x",
                          "postgresql://u@h/n?a=b%20c", "postgresql://u'@h/n"})
    EXPECT_FALSE(Database::at(url)) << url;
  EXPECT_EQ(Database::at("postgresql://u@h/n", "two words").error().text(),
            "store.password_file: a password with blanks cannot be handed to PostgreSQL; choose "
            "one without");
  EXPECT_TRUE(Database::at("postgresql://u@h:5433/n?sslmode=require", R"(it's=\)"));
}

TEST(DatabaseUrl, SaysWhatIsWrong) {
  EXPECT_EQ(Database::at("mysql://x/y").error().fault(), Fault::invalid);
  EXPECT_EQ(Database::at("sqlite:").error().fault(), Fault::invalid);
  EXPECT_EQ(Database::at("sqlite:/nowhere/at/all.db")->connect().error().fault(),
            Fault::unavailable);
  EXPECT_EQ(Database::at("postgresql://u@127.0.0.1:1/x")->connect().error().fault(),
            Fault::unavailable);
}

INSTANTIATE_TEST_SUITE_P(Stores, DatabaseTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::store
