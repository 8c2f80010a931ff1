#include "lib/cage/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace trust::cage {
namespace {

using nlohmann::json;

mail::ParsedMail full_mail() {
  mail::ParsedMail m;
  m.subject = "Störung – \"VPN\" 🔥";
  m.from = {.name = "Ada", .address = "ada@example.org"};
  m.reply_to = {{.name = "", .address = "reply@example.org"}};
  m.to = {"a@example.org", "b@example.org"};
  m.cc = {"c@example.org"};
  m.delivered_to = {"d@example.org"};
  m.has_return_path = true;
  m.date = from_epoch_ms(1'764'000'000'000);
  m.message_id = "id@example.org";
  m.in_reply_to = {"x@example.org"};
  m.references = {"x@example.org", "y@example.org"};
  m.text = "line\n\ttabbed\n";
  m.has_html = true;
  m.visible_reply = "line\n";
  m.attachments = {{.name = "a.png",
                    .bytes = 7,
                    .type = "image/png",
                    .begin = 1,
                    .end = 9,
                    .encoding = "base64"},
                   {.type = "message/rfc822", .begin = 2, .end = 3}};
  m.is_bounce = true;
  m.bounces = {{.recipient = "r@example.org", .status = "5.1.1", .hard = true, .fault = "address"},
               {.fault = "unknown"}};
  m.is_auto_reply = m.must_not_ack = m.must_not_ack_apart_from_list = m.is_bulk = true;
  m.suppresses_auto_reply = true;
  m.list_id = "list.example.org";
  m.original_from = "o@example.org";
  m.arf = mail::Arf{.feedback_type = "abuse", .source_ip = "192.0.2.1"};
  m.authentication = {{.authserv_id = "mx.example.org", .dmarc = "pass", .auth = ""}};
  m.doubled_fields = {"from"};
  m.encrypted = m.lossy_charset = m.unparsed = true;
  m.unparsed_because = "too_deep";
  m.topmost_received = from_epoch_ms(1'764'000'001'000);
  m.content_sha256 = std::string(64, 'a');
  return m;
}

TEST(Json, ReadsBackWhatItWrote) {
  const json written = to_json(full_mail());
  const auto read = from_json(json::parse(written.dump()));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), written);
  EXPECT_EQ(read->attachments[0].bytes, 7U);
  EXPECT_FALSE(read->attachments[1].bytes.has_value());
  EXPECT_TRUE(read->has_return_path);
  EXPECT_EQ(read->doubled_fields, std::vector<std::string>{"from"});
  EXPECT_EQ(read->return_path, "");
  ASSERT_TRUE(read->arf);
}

TEST(Json, AnEmptyMailHasNullsAndEmptyLists) {
  const json written = to_json(mail::ParsedMail{});
  for (const char* key : {"subject", "from", "from_name", "date_utc", "message_id", "arf"})
    EXPECT_TRUE(written[key].is_null()) << key;
  for (const char* key : {"to", "attachments", "bounces"})
    EXPECT_EQ(written[key], json::array()) << key;
  EXPECT_EQ(written["text"], "");
  const auto read = from_json(written);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->has_return_path);
}

TEST(Json, RowsOfAnOlderOrNewerVersionStayReadable) {
  const auto read = from_json(json::parse(R"({"subject":"x","from_the_future":[1,{"a":2}]})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->subject, "x");
  EXPECT_EQ(read->text, "");
}

TEST(Json, RefusesWhatItCannotHaveWritten) {
  for (const char* text :
       {"[]", "7", "null", R"({"subject":1})", R"({"to":"a"})", R"({"to":[1]})",
        R"({"has_html":"yes"})", R"({"attachments":[{"begin":-1}]})", R"({"attachments":[3]})",
        R"({"date_utc":"yesterday"})", R"({"text":"a\u0000b"})", R"({"arf":[]})"}) {
    const auto read = from_json(json::parse(text));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().fault(), Fault::invalid);
  }
}

}  // namespace
}  // namespace trust::cage
