#include "intake/case/history_store.h"

#include <gtest/gtest.h>

#include "tests/fakes/intake_store.h"

namespace trust::intake {
namespace {

const UtcTime kNow = *parse_rfc3339("2026-11-16T09:00:00Z");

class HistoryTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), test::intake_tables()};
  store::Connection c_ = store_.connect();
  HistoryStore history_{c_};

  void SetUp() override {
    for (const char* id : {"TM-AAAAAA", "TM-BBBBBB"})
      for (const char* kind : {"opened", "acknowledged", "answered"})
        ASSERT_TRUE(history_.append(id, kind, kNow, Actor::staff, R"({"by":"ada@example.org"})"));
  }
  void change(std::string_view text) { ASSERT_TRUE(c_.execute(store::Sql{"change", text})); }
};

TEST_P(HistoryTest, IsNumberedPerCaseAndVerifies) {
  const auto rows = *history_.of_case("TM-BBBBBB");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2].seq, 3);
  EXPECT_EQ(rows[2].kind, "answered");
  EXPECT_EQ(rows[2].actor, "staff");
  EXPECT_EQ(rows[2].at, kNow);
  EXPECT_EQ(rows[2].detail, R"({"by":"ada@example.org"})");
  EXPECT_EQ(*history_.verify_all(), "");
}

TEST_P(HistoryTest, APurgeOfTheWordsLeavesTheChainWhole) {
  change("DELETE FROM history_detail WHERE case_id = 'TM-AAAAAA'");
  EXPECT_EQ(*history_.verify_all(), "");
  EXPECT_EQ(history_.of_case("TM-AAAAAA")->at(0).detail, "");
}

TEST_P(HistoryTest, AnchorsHoldTheEndsOfAllChainsAndGrowWithThem) {
  EXPECT_EQ(history_.last_anchor()->n, 0);
  ASSERT_TRUE(history_.anchor(kNow));
  const auto first = *history_.last_anchor();
  EXPECT_EQ(first.n, 2);
  ASSERT_TRUE(history_.anchor(kNow + std::chrono::hours{24}));
  EXPECT_EQ(history_.last_anchor()->n, 2) << "nothing new";
  ASSERT_TRUE(history_.append("TM-AAAAAA", "closed", kNow, Actor::staff, "{}"));
  ASSERT_TRUE(history_.anchor(kNow + std::chrono::hours{48}));
  EXPECT_EQ(history_.last_anchor()->n, 3);
  EXPECT_NE(history_.last_anchor()->digest, first.digest);
  EXPECT_EQ(*history_.verify_all(), "");
}

TEST_P(HistoryTest, AnEndThatIsCutOffIsFoundThroughItsAnchorAlone) {
  const char* const cut = "DELETE FROM history WHERE case_id = 'TM-AAAAAA' AND seq = 3";
  ASSERT_TRUE(history_.anchor(kNow));
  change(cut);
  EXPECT_EQ(*history_.verify_all(), "TM-AAAAAA row 3, which was anchored");
  change("DELETE FROM history_anchor");  // the positive control: without anchors nobody would know
  EXPECT_EQ(*history_.verify_all(), "");
}

TEST_P(HistoryTest, AWholeCaseThatIsGoneIsFound) {
  ASSERT_TRUE(history_.anchor(kNow));
  change("DELETE FROM history WHERE case_id = 'TM-BBBBBB'");
  EXPECT_EQ(*history_.verify_all(), "TM-BBBBBB row 3, which was anchored");
}

TEST_P(HistoryTest, AnAnchorThatIsChangedOrTakenOutIsFound) {
  for (const char* tampering : {"UPDATE history_anchor SET head = 'x' WHERE n = 2",
                                "UPDATE history_anchor SET seq = 2 WHERE n = 2",
                                "DELETE FROM history_anchor WHERE n = 1"}) {
    change("DELETE FROM history_anchor");
    ASSERT_TRUE(history_.anchor(kNow));
    change(tampering);
    EXPECT_EQ(history_.verify_all()->substr(0, 6), "anchor") << tampering;
  }
}

struct Tampering {
  const char* name;
  const char* text;
  const char* found;
};

class HistoryTamperingTest : public testing::TestWithParam<std::tuple<std::string, Tampering>> {};

TEST_P(HistoryTamperingTest, IsFound) {
  const auto& [engine, tampering] = GetParam();
  test::TestStore store{engine, test::intake_tables()};
  store::Connection c = store.connect();
  HistoryStore history{c};
  for (const char* id : {"TM-AAAAAA", "TM-BBBBBB"})
    for (int i = 0; i < 3; ++i)
      ASSERT_TRUE(history.append(id, "kind", kNow, Actor::program, "{\"n\":1}"));
  ASSERT_TRUE(c.execute(store::Sql{"tamper", tampering.text}));
  EXPECT_EQ(*history.verify_all(), tampering.found);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, HistoryTamperingTest,
    testing::Combine(
        test::kBothStores,
        testing::Values(
            Tampering{"Detail", "UPDATE history_detail SET detail = 'x' WHERE seq = 2",
                      "TM-AAAAAA row 2"},
            Tampering{"Nonce", "UPDATE history_detail SET nonce = 'x' WHERE case_id = 'TM-BBBBBB'",
                      "TM-BBBBBB row 1"},
            Tampering{"Kind", "UPDATE history SET kind = 'other' WHERE seq = 3", "TM-AAAAAA row 3"},
            Tampering{"Time", "UPDATE history SET at = at + 1 WHERE case_id = 'TM-BBBBBB'",
                      "TM-BBBBBB row 1"},
            Tampering{"Actor", "UPDATE history SET actor = 'staff' WHERE seq = 1",
                      "TM-AAAAAA row 1"},
            Tampering{"MovedToAnotherCase",
                      "UPDATE history SET case_id = 'TM-CCCCCC' WHERE case_id = 'TM-BBBBBB'",
                      "TM-CCCCCC row 1"},
            Tampering{"RowMissing", "DELETE FROM history WHERE seq = 2", "TM-AAAAAA row 3"},
            Tampering{"FirstRowMissing",
                      "DELETE FROM history WHERE case_id = 'TM-BBBBBB' AND seq = 1",
                      "TM-BBBBBB row 2"},
            Tampering{"Commitment",
                      "UPDATE history SET commitment = 'x' WHERE case_id = 'TM-BBBBBB'",
                      "TM-BBBBBB row 1"})),
    [](const auto& row) { return std::get<0>(row.param) + std::get<1>(row.param).name; });

INSTANTIATE_TEST_SUITE_P(Stores, HistoryTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
