#include "lib/mail/text_body.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/base/text.h"

namespace trust::mail {
namespace {

Body read(const std::string& raw) { return read_body(raw, split_parts(raw).root); }

/// "name:type:bytes" of each attachment.
std::string outline(const Body& body) {
  std::string out;
  for (const Attachment& a : body.attachments)
    out += a.name + ":" + a.type + ":" + (a.bytes ? std::to_string(*a.bytes) : "-") + ";";
  return out;
}

const std::string kMixed = "Content-Type: multipart/mixed; boundary=b\n\n";
const std::string kAlternative = "Content-Type: multipart/alternative; boundary=b\n\n";
const std::string kPlain = "--b\nContent-Type: text/plain\n\n";
const std::string kHtml = "--b\nContent-Type: text/html\n\n";

struct Case {
  const char* name;
  std::string raw, text, attachments;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class TextBodyTest : public testing::TestWithParam<Case> {};

TEST_P(TextBodyTest, IsTheWholeReadableText) {
  for (const std::string& raw : {GetParam().raw, replace_all(GetParam().raw, "\n", "\r\n")}) {
    const Body body = read(raw);
    EXPECT_EQ(body.text, GetParam().text);
    EXPECT_EQ(outline(body), GetParam().attachments);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, TextBodyTest,
    testing::Values(
        Case{"plain", "\nwords\n", "words\n", ""},
        Case{"html", "Content-Type: text/html\n\n<p>words", "words\n", ""},
        Case{"plain_before_html", kAlternative + kPlain + "plain\n" + kHtml + "rich\n--b--\n",
             "plain", ""},
        Case{"plain_after_html", kAlternative + kHtml + "rich\n" + kPlain + "plain\n--b--\n",
             "plain", ""},
        Case{"blank_plain", kAlternative + kPlain + " \n\n" + kHtml + "rich\n--b--\n", "rich\n",
             ""},
        Case{"only_html", kAlternative + kHtml + "rich\n--b--\n", "rich\n", ""},
        Case{"texts_in_order", kMixed + kPlain + "one\n" + kPlain + "two\n--b--\n", "one\ntwo", ""},
        Case{"html_beside_plain", kMixed + kPlain + "one\n" + kHtml + "two\n--b--\n", "one\ntwo\n",
             ""},
        Case{"attachment_text",
             kMixed + kPlain + "one\n--b\nContent-Disposition: attachment\n\ntwo\n--b--\n", "one",
             ":text/plain:3;"},
        Case{"named_text",
             kMixed + kPlain + "one\n--b\nContent-Type: text/plain; name=a.txt\n\ntwo\n--b--\n",
             "one", "a.txt:text/plain:3;"},
        Case{"only_named_text", "Content-Type: text/plain; name=a.txt\n\ntwo", "two",
             "a.txt:text/plain:3;"},
        Case{"only_attachment_text", "Content-Disposition: attachment\n\ntwo", "",
             ":text/plain:3;"},
        Case{"calendar_among_alternatives",
             kAlternative + kPlain + "come\n--b\nContent-Type: text/calendar\n\nBEGIN\n--b--\n",
             "come", ":text/calendar:5;"},
        Case{"a_mail_in_the_mail",
             kMixed + kPlain +
                 "one\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\ntwo\n--b--\n",
             "one", ":message/rfc822:-;"},
        Case{"name_with_control_characters",
             kMixed + "--b\nContent-Type: a/b; name*=utf-8''x%1B%0D%0A%00y\n\nz\n--b--\n", "",
             "x\uFFFDy:a/b:1;"},
        Case{"name_with_a_path",
             kMixed + "--b\nContent-Type: a/b; name=\"../../etc/x\"\n\nz\n--b--\n", "",
             "../../etc/x:a/b:1;"},
        Case{"base64_text", "Content-Transfer-Encoding: base64\n\nd29yZHMK\n", "words\n", ""},
        Case{"quoted_printable_latin1",
             "Content-Type: text/plain; charset=iso-8859-1\n"
             "Content-Transfer-Encoding: quoted-printable\n\ncaf=E9 a=\nu lait\n",
             "café au lait\n", ""},
        Case{"html_says_its_charset",
             "Content-Type: text/html\n\n<meta charset=\"iso-8859-2\">\xB1", "ą\n", ""},
        Case{"lone_cr", "\none\rtwo", "one\ntwo", ""},
        Case{"flowed", "Content-Type: text/plain; format=flowed\n\na \nb\n\n> c \n> d\n>> e\n",
             "a b\n\n> c d\n>> e\n", ""},
        Case{"flowed_without_spaces",
             "Content-Type: text/plain; format=flowed; delsp=yes\n\nto \ngether\n", "together\n",
             ""},
        Case{"flowed_signature_is_no_open_line",
             "Content-Type: text/plain; format=flowed\n\na\n-- \nAda\n", "a\n-- \nAda\n", ""},
        Case{"fixed_stays", "\na \nb\n", "a \nb\n", ""}),
    [](const auto& one) { return std::string{one.param.name}; });

TEST(TextBody, TellsWhereEachAttachmentStands) {
  const std::string raw = kMixed +
                          "--b\nContent-Type: image/png\n"
                          "Content-Transfer-Encoding: BASE64\n\nAAEC\n--b--\n";
  const Body body = read(raw);
  ASSERT_EQ(body.attachments.size(), 1U);
  const Attachment& a = body.attachments[0];
  EXPECT_EQ(raw.substr(a.begin, a.end - a.begin), "AAEC");
  EXPECT_EQ(a.encoding, "base64");
  EXPECT_EQ(a.bytes, 3U);
}

TEST(TextBody, SaysWhenACharsetWasGuessed) {
  EXPECT_FALSE(read("\nwords\n").lossy_charset);
  EXPECT_TRUE(read("Content-Type: text/plain; charset=us-ascii\n\n\x96\n").lossy_charset);
}

}  // namespace
}  // namespace trust::mail
