#include "lib/mail/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "lib/base/text.h"
#include "lib/mail/encode.h"

namespace trust::mail {
namespace {

using testing::HasSubstr;

Draft draft() {
  Draft d;
  d.from = {"Trust Desk", "security@example.org"};
  d.to = {{"", "reader@example.com"}};
  d.subject = "Hello";
  d.date = *parse_rfc3339("2026-11-24T10:00:00Z");
  d.message_id = "k7.abc@example.org";
  d.text = "Good morning.\n";
  return d;
}

std::string composed(const Draft& d) {
  const Result<std::string> made = compose(d);
  EXPECT_TRUE(made) << (made ? "" : made.error().text());
  return made ? *made : "";
}

TEST(Compose, PlainMailIsExactlyThis) {
  Draft d = draft();
  d.reply_to = {{"", "security+k7@example.org"}};
  d.in_reply_to = "a@example.com";
  d.references = {"b@example.com", "a@example.com"};
  d.fields = {{"Auto-Submitted", "auto-replied"}};
  EXPECT_EQ(composed(d),
            "Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
            "From: Trust Desk <security@example.org>\r\n"
            "To: reader@example.com\r\n"
            "Reply-To: security+k7@example.org\r\n"
            "Subject: Hello\r\n"
            "Message-ID: <k7.abc@example.org>\r\n"
            "In-Reply-To: <a@example.com>\r\n"
            "References: <b@example.com> <a@example.com>\r\n"
            "Auto-Submitted: auto-replied\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "Good morning.\r\n");
}

TEST(Compose, SameDraftGivesSameBytes) {
  Draft d = draft();
  d.html = "<p>Good morning.</p>";
  d.files = {{"a.txt", "text/plain", "x"}};
  EXPECT_EQ(composed(d), composed(d));
}

TEST(Compose, ListUnsubscribeIsNeitherEncodedNorFoldedInsideItsUri) {
  Draft d = draft();
  const std::string mail_uri =
      "<mailto:unsubscribe+" + std::string(50, 'a') + "@example.org?subject=unsubscribe>";
  const std::string web_uri = "<https://example.org/unsubscribe/" + std::string(300, 'b') + ">";
  d.fields = {{"List-Unsubscribe", mail_uri + ", " + web_uri},
              {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
              {"List-Id", "Incident notices <incidents.example.org>"}};
  const std::string mail = composed(d);
  EXPECT_THAT(mail, HasSubstr("List-Unsubscribe: " + mail_uri + ",\r\n " + web_uri + "\r\n"));
  EXPECT_THAT(mail, HasSubstr("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
  EXPECT_THAT(mail, HasSubstr("\r\nList-Id: Incident notices <incidents.example.org>\r\n"));
}

TEST(Compose, BoundaryStandsInNoPart) {
  Draft d = draft();
  d.html = "<p>x</p>";
  const std::string first = composed(d);
  const std::size_t at = first.find("boundary=\"") + 10;
  const std::string boundary = first.substr(at, first.find('"', at) - at);
  d.text = "--" + boundary + "--\n";
  const std::string second = composed(d);
  EXPECT_EQ(second.find("boundary=\"" + boundary), std::string::npos);
  EXPECT_THAT(second, HasSubstr("\r\n--" + boundary + "--\r\n"));
}

TEST(Compose, ForeignMessageIdThatCannotBeWrittenIsLeftOut) {
  Draft d = draft();
  d.in_reply_to = "caf\xC3\xA9@example.com";
  d.references = {"with space@example.com", "good@example.com", "a<b@example.com",
                  std::string(2000, 'x')};
  const std::string mail = composed(d);
  EXPECT_EQ(mail.find("In-Reply-To"), std::string::npos);
  EXPECT_THAT(mail, HasSubstr("\r\nReferences: <good@example.com>\r\n"));
}

struct Injection {
  const char* name;
  std::string text;
};
std::ostream& operator<<(std::ostream& out, const Injection& row) { return out << row.name; }
const Injection kInjections[] = {
    {"CrLf", "a\r\nBcc: x@example.net"},
    {"Lf", "a\nBcc: x@example.net"},
    {"Cr", "a\rBcc: x@example.net"},
    {"Nul", std::string("a\0b", 3)},
    {"Escape", "a\x1b[2J"},
    {"Delete", "a\x7f"},
    {"Tab", "a\tb"},
    {"NextLine",
     "a\xC2\x85"
     "Bcc: x@example.net"},
    {"FoldedCrLf", "a\r\n Bcc: x@example.net"},
};

class ComposeInjection : public testing::TestWithParam<Injection> {};
INSTANTIATE_TEST_SUITE_P(Sec14, ComposeInjection, testing::ValuesIn(kInjections),
                         [](const auto& row) { return row.param.name; });

// SEC-14: no field of a draft adds a header or a line.
TEST_P(ComposeInjection, Sec14IsRefusedAndTheFieldNamed) {
  struct Way {
    const char* field;
    void (*put)(Draft&, const std::string&);
  };
  const Way ways[] = {
      {"Subject", [](Draft& d, const std::string& s) { d.subject = s; }},
      {"From", [](Draft& d, const std::string& s) { d.from.name = s; }},
      {"From", [](Draft& d, const std::string& s) { d.from.address = s + "@example.org"; }},
      {"To", [](Draft& d, const std::string& s) { d.to[0].name = s; }},
      {"To", [](Draft& d, const std::string& s) { d.to[0].address = "x@" + s; }},
      {"Reply-To",
       [](Draft& d, const std::string& s) {
         d.reply_to = {{s, "a@example.org"}};
       }},
      {"Message-ID", [](Draft& d, const std::string& s) { d.message_id = s; }},
      {"In-Reply-To", [](Draft& d, const std::string& s) { d.in_reply_to = s; }},
      {"References", [](Draft& d, const std::string& s) { d.references = {s}; }},
      {"List-Id",
       [](Draft& d, const std::string& s) {
         d.fields = {{"List-Id", s}};
       }},
      {"header field",
       [](Draft& d, const std::string& s) {
         d.fields = {{s, "x"}};
       }},
      {"file name",
       [](Draft& d, const std::string& s) {
         d.files = {{s, "text/plain", "x"}};
       }},
      {"file type",
       [](Draft& d, const std::string& s) {
         d.files = {{"x", "text/" + s, "x"}};
       }},
  };
  for (const Way& way : ways) {
    Draft d = draft();
    way.put(d, GetParam().text);
    const Result<std::string> made = compose(d);
    ASSERT_FALSE(made) << way.field;
    EXPECT_EQ(made.error().fault(), Fault::invalid) << way.field;
    EXPECT_THAT(made.error().text(), testing::StartsWith(way.field));
  }
}

TEST(Compose, Sec14EncodedTricksStayText) {
  for (const char* trick : {"a%0d%0aBcc: x@example.net", "=?utf-8?Q?a=0D=0ABcc:_x?=",
                            "a\xE2\x80\xA8"
                            "Bcc: x"}) {
    Draft d = draft();
    d.subject = trick;
    d.to[0].name = trick;
    EXPECT_EQ(composed(d).find("\nBcc"), std::string::npos) << trick;
  }
}

TEST(Compose, FieldsOfItsOwnCannotBeGivenTwice) {
  for (const char* name :
       {"From", "bcc", "SUBJECT", "Content-Type", "content-x", "MIME-Version", "", "a:b", "a b"}) {
    Draft d = draft();
    d.fields = {{name, "x"}};
    EXPECT_FALSE(compose(d)) << name;
  }
  Draft d = draft();
  d.fields = {{"List-Id", std::string(1100, 'x')}};
  EXPECT_FALSE(compose(d)) << "a line over 998";
}

/// Drafts and what another reader must find in them.
class Oracle {
 public:
  Oracle() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "trust-compose-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Oracle() { std::filesystem::remove_all(folder_); }

  void expect(const Draft& d) {
    const Result<std::string> made = compose(d);
    ASSERT_TRUE(made) << made.error().text();
    char stem[32];
    std::snprintf(stem, sizeof stem, "/%04d", count_++);
    std::ofstream{folder_ + stem + ".eml", std::ios::binary} << *made;
    std::ofstream want{folder_ + stem + ".want"};
    const auto line = [&](const std::string& what, std::string_view value) {
      want << what << '\t' << to_base64(value) << '\n';
    };
    const bool multi = d.html || !d.files.empty();
    const std::size_t fields = 7 + (d.to.empty() ? 0 : 1) + (d.reply_to.empty() ? 0 : 1) +
                               (d.in_reply_to.empty() ? 0 : 1) + (d.references.empty() ? 0 : 1) +
                               d.fields.size() - (multi ? 1 : 0);
    line("count", std::to_string(fields));
    line("Date", to_rfc5322(d.date));
    const auto addresses = [&](const std::string& name, const std::vector<Address>& list) {
      for (const Address& one : list) {
        line("name:" + name, one.name);
        line("address:" + name, one.address);
      }
    };
    addresses("From", {d.from});
    addresses("To", d.to);
    addresses("Reply-To", d.reply_to);
    line("Subject", d.subject);
    line("Message-ID", "<" + d.message_id + ">");
    if (!d.in_reply_to.empty()) line("In-Reply-To", "<" + d.in_reply_to + ">");
    if (!d.references.empty()) {
      std::string all;
      for (const std::string& id : d.references) all += (all.empty() ? "<" : " <") + id + ">";
      line("References", all);
    }
    for (const auto& [name, value] : d.fields) line(name, value);
    const auto body = [](const std::string& text) {
      const std::string lf = replace_all(replace_all(text, "\r\n", "\n"), "\r", "\n");
      return !lf.ends_with('\n') ? lf + "\n" : lf;
    };
    line("text", body(d.text));
    if (d.html) line("html", body(*d.html));
    for (const Draft::File& file : d.files) {
      line("file", trim(file.name));  // Python strips names
      line("content", file.content);
    }
  }

  void judge() {
    const std::string command =
        "/usr/bin/python3 -B tests/lib/mail/compose_oracle.py " + folder_ + " 2>&1";
    FILE* output = ::popen(command.c_str(), "r");
    ASSERT_NE(output, nullptr);
    std::string said;
    char buffer[4096];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, output))
      said.append(buffer, got);
    EXPECT_EQ(::pclose(output), 0) << said.substr(0, 4000);
  }

 private:
  std::string folder_;
  int count_ = 0;
};

const std::string kNastyTexts[] = {
    "plain",
    "",
    " leading and trailing ",
    "two  spaces   three",
    "=?utf-8?Q?not_a_word?=",
    "a =?b",
    "?= =? ==",
    "\"quoted\" and \\backslash\\",
    "comma, semicolon; colon: <angle@example.net>",
    "(comment) [bracket] {brace}",
    "security@example.org",
    "caf\xC3\xA9",
    "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE3\x81\xAE\xE4\xBB\xB6\xE5\x90\x8D",
    "\xF0\x9F\x94\x92 lock",
    "\xD8\xA7\xD9\x84\xD8\xB9\xD8\xB1\xD8\xA8\xD9\x8A\xD8\xA9",
    "_under_score_ and = and ?",
    "SECURITY URGENT: token leak",
    "%s %n {} ${x} {{y}}",
    "a%0d%0aBcc: x@example.net",
    "'single' & \"double\"",
    std::string(77, 'w'),
    std::string(300, 'w'),
    "many words " + std::string(40, 'x') + " " + std::string(40, 'y') + " " + std::string(40, 'z'),
    "\xC3\xA9" + std::string(200, 'e') + "\xC3\xA9",
};

// SEC-15: serialize, parse with somebody else's parser: the same fields with the same values.
TEST(Compose, Sec15AnotherParserFindsTheSameFieldsAndValues) {
  Oracle oracle;
  for (const std::string& nasty : kNastyTexts) {
    Draft d = draft();
    d.subject = nasty;
    oracle.expect(d);
    d = draft();
    d.from.name = nasty;
    d.to = {{nasty, "a@example.com"}, {"", "b@example.com"}, {nasty, "c@example.com"}};
    d.reply_to = {{nasty, "d@example.com"}};
    oracle.expect(d);
    d = draft();
    d.text = nasty + "\n.\n..\nFrom here on\n";
    d.text += nasty;
    d.html = "<p>" + nasty + "</p>\n";
    d.files = {{nasty.empty() ? "x" : nasty, "text/plain", nasty},
               {"b.bin", "", std::string("\0\r\n\xFF", 4)}};
    oracle.expect(d);
  }
  oracle.judge();
}

TEST(Compose, Sec15HoldsForRandomText) {
  std::mt19937 random{20261124};
  const std::string_view pieces[] = {"a",           " ",  "\"",       "\\",
                                     "=?",          "?=", "\xC3\xA9", "\xE2\x82\xAC",
                                     "<",           ">",  "@",        ",",
                                     ";",           ":",  "(",        ")",
                                     "=",           "_",  "word",     "\xF0\x9F\x94\x92",
                                     "%",           "'",  "*",        ".",
                                     "/",           "[",  "]",        "utf-8''",
                                     "\xE6\x97\xA5"};
  const auto text = [&](std::size_t longest) {
    std::string made;
    for (std::size_t n = random() % longest; n > 0; --n)
      made += pieces[random() % std::size(pieces)];
    return made;
  };
  Oracle oracle;
  for (int i = 0; i < 400; ++i) {
    Draft d = draft();
    d.subject = text(60);
    d.from.name = text(30);
    d.to = {{text(40), "a@example.com"}, {text(5), "b@example.com"}};
    d.references.clear();
    for (std::size_t n = random() % 30; n > 0; --n)
      d.references.push_back(std::to_string(random()) + "@example.org");
    d.text = text(200) + "\n" + text(30);
    if (random() % 2 == 0) d.html = text(100);
    if (random() % 3 == 0) d.files = {{"f" + text(40), "image/png", text(50)}};
    oracle.expect(d);
  }
  oracle.judge();
}

TEST(Compose, BodiesComeBackByteForByte) {
  Oracle oracle;
  for (const std::string& text :
       {std::string{"short\r\nmixed\nends\rhere\r\n"}, std::string(76, 'a') + "\n",
        std::string(77, 'a') + "\n", std::string(1000, 'a'), std::string(75, 'a') + "\xC3\xA9\n",
        std::string(74, 'a') + "=\n", std::string{"space at end \ntab at end\t\n\n\n"},
        std::string(73, 'a') + ".b\n", std::string(75, 'a') + ".b\n", std::string{".\n"},
        std::string{".\r\n.\r\n.\r\n"}, std::string{"From x\nFrom: y\n"},
        std::string{"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\n\xE6\x97\xA5\xE6\x9C\xAC\n"},
        std::string{"a\x01\x1b[2Jb\n"}}) {
    Draft d = draft();
    d.text = text;
    oracle.expect(d);
    d.html = text;
    oracle.expect(d);
  }
  oracle.judge();
}

TEST(Compose, AMillionCharactersTakeLittleTime) {
  Draft d = draft();
  d.text = std::string(1'000'000, 'x') + "\xC3\xA9";
  EXPECT_GT(composed(d).size(), 1'000'000U);
  d.subject = std::string(20'000, 'x') + "\xC3\xA9";
  EXPECT_GT(composed(d).size(), 1'000'000U);
}

}  // namespace
}  // namespace trust::mail
