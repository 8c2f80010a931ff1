#include "intake/case/joining.h"

#include <gtest/gtest.h>

namespace trust::intake {
namespace {

using How = Joining::How;

struct Row {
  const char* name;
  JoiningFacts facts;
  How how;
  std::string case_id;
  bool forged = false;
};

class JoiningTable : public testing::TestWithParam<Row> {};

TEST_P(JoiningTable, Decides) {
  const Joining joining = decide_joining(GetParam().facts);
  EXPECT_EQ(joining.how, GetParam().how);
  EXPECT_EQ(joining.case_id, GetParam().case_id);
  EXPECT_EQ(joining.forged, GetParam().forged);
}

// DECISIONS.md, Joining: a row each, and the doubtful corners.
INSTANTIATE_TEST_SUITE_P(
    Rows, JoiningTable,
    testing::Values(
        Row{"NothingProvesNothing", {}, How::new_case, ""},
        Row{"TokenFromTheReporter", {.token = {{"A", true}}}, How::joined, "A"},
        Row{"TokenFromAnother", {.token = {{"A", false}}}, How::joined_from_other_address, "A"},
        Row{"TokenBeatsIds", {.token = {{"A", true}}, .ids = {{"B", true}}}, How::joined, "A"},
        Row{"TokenThoughDmarcFails", {.token = {{"A", true}}, .dmarc = "fail"}, How::joined, "A"},
        Row{"IdFromTheReporter", {.ids = {{"A", true}}}, How::joined, "A"},
        Row{"IdFromTheReporterVerified", {.ids = {{"A", true}}, .dmarc = "pass"}, How::joined, "A"},
        Row{"IdFromTheReporterForged", {.ids = {{"A", true}}, .dmarc = "fail"}, How::new_case, "A"},
        Row{"IdFromAnother", {.ids = {{"A", false}}}, How::new_case, "A"},
        Row{"IdFromAnotherVerified", {.ids = {{"A", false}}, .dmarc = "pass"}, How::new_case, "A"},
        Row{"TheirOwnAmongSeveral", {.ids = {{"A", false}, {"B", true}}}, How::joined, "B"},
        Row{"ForgedToken", {.forged_token = true}, How::new_case, "", true},
        Row{"ForgedTokenWithAGoodId",
            {.forged_token = true, .ids = {{"A", true}}},
            How::new_case,
            "",
            true},
        Row{"ForgedBesideAValidToken",
            {.token = {{"A", true}}, .forged_token = true},
            How::joined,
            "A"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace trust::intake
