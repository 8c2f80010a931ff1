#include "notifier/delivery/announcement_mail.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "lib/base/file.h"

namespace trust::notifier {
namespace {

const Stationery kStationery{{"Example Trust", "trust@example.org"},
                             "incidents.example.org",
                             "bounces+{token}@bounces.example.org",
                             "https://list.example.org"};
const Reader kReader{"ann@example.net", "00112233445566778899"};
const std::string kRow = "aabbccddeeff00112233";

Announcement sample() {
  return {.id = "a1",
          .url = "https://docs.example.org/trust/incidents/2026-11-20-dns/",
          .incident_id = "2026-11-20-dns",
          .held_because = {},
          .hold_until = {},
          .recipients = 1234,
          .title = "Haven DNS \u2014 <timeouts> & {{more}}",
          .summary = "Resolvers did not answer.\n.\nR\u00E9solveurs <b>.",
          .services = {"Haven DNS", "Sigil auth"},
          .start = *parse_rfc3339("2026-11-20T09:12:00Z"),
          .end = *parse_rfc3339("2026-11-20T10:03:00Z"),
          .text_template = *read_file("templates/mail/en/announcement.txt"),
          .html_template = *read_file("templates/mail/en/announcement.html"),
          .created_at = *parse_rfc3339("2026-11-24T10:00:00Z"),
          .created_by = "site",
          .finished_at = {}};
}

outbox::Composed compose(const Announcement& a, const Reader& reader,
                         const Stationery& stationery) {
  const auto words = frozen_template(a);
  EXPECT_TRUE(words) << words.error().text();
  auto mail = compose_announcement(a, *words, reader, kRow, kRow + "@example.org", stationery,
                                   Keyring::from_secret("test"));
  EXPECT_TRUE(mail) << mail.error().text();
  return *std::move(mail);
}

/// What Python's email package, which is not ours, makes of a mail.
std::string seen_by_python(const std::string& message, const std::string& expression) {
  std::string pattern = (std::filesystem::temp_directory_path() / "trust-mail-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  std::ofstream{folder + "/mail", std::ios::binary} << message;
  std::ofstream{folder + "/see.py"}
      << "import email, email.policy, re, sys\n"
         "m = email.message_from_binary_file(open(sys.argv[1], 'rb'), "
         "policy=email.policy.default)\n"
         "text = m.get_body(('plain',)).get_content()\n"
         "html = m.get_body(('html',))\n"
         "html = html.get_content() if html else ''\n"
         "raw = open(sys.argv[1], 'rb').read()\n"
         "sys.stdout.write(str(" +
             expression + "))\n";
  FILE* pipe =
      ::popen(("/usr/bin/python3 " + folder + "/see.py " + folder + "/mail 2>&1").c_str(), "r");
  std::string out;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  ::pclose(pipe);
  std::filesystem::remove_all(folder);
  return out;
}

TEST(AnnouncementMail, CarriesTheFieldsThatListsOwe) {
  const outbox::Composed mail = compose(sample(), kReader, kStationery);
  const auto see = [&](const std::string& expression) {
    return seen_by_python(mail.message, expression);
  };
  EXPECT_EQ(see("m['From']"), "Example Trust <trust@example.org>");
  EXPECT_EQ(see("m['To']"), "ann@example.net");
  EXPECT_EQ(see("m['Subject']"), "Post-mortem: Haven DNS \u2014 <timeouts> & {{more}}");
  EXPECT_EQ(see("m['Date']"), "Tue, 24 Nov 2026 10:00:00 +0000");
  EXPECT_EQ(see("m['Message-ID']"), "<" + kRow + "@example.org>");
  EXPECT_EQ(see("m['List-Id']"), "<incidents.example.org>");
  EXPECT_EQ(see("m['List-Post']"), "NO");
  EXPECT_EQ(see("m['Archived-At']"), "<https://docs.example.org/trust/incidents/2026-11-20-dns/>");
  EXPECT_EQ(see("m['Auto-Submitted']"), "auto-generated");
  EXPECT_EQ(see("m.get_content_type()"), "multipart/alternative");
  EXPECT_EQ(see("m.defects"), "[]");
  EXPECT_EQ(see("max(len(l) for l in raw.split(b'\\r\\n')) <= 998 and b'\\n' not in "
                "raw.replace(b'\\r\\n', b'')"),
            "True");
  EXPECT_EQ(see("all(b < 128 for b in raw)"), "True");
}

TEST(AnnouncementMail, OneClickUnsubscribeOnlyWithAPublicPage) {
  const Keyring keyring = Keyring::from_secret("test");
  const std::string token = keyring.sign(
      Purpose::unsubscribe, std::string{"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99", 10});
  const outbox::Composed with = compose(sample(), kReader, kStationery);
  EXPECT_EQ(seen_by_python(with.message, "m['List-Unsubscribe']"),
            "<https://list.example.org/unsubscribe?t=" + token +
                ">, <mailto:trust@example.org?subject=unsubscribe%20" + token + ">");
  EXPECT_EQ(seen_by_python(with.message, "m['List-Unsubscribe-Post']"),
            "List-Unsubscribe=One-Click");
  EXPECT_EQ(seen_by_python(with.message, "html.count('unsubscribe?t=" + token +
                                             "') + text.count('unsubscribe?t=')"),
            "2");
  Stationery no_page = kStationery;
  no_page.public_url = "";
  const outbox::Composed without = compose(sample(), kReader, no_page);
  EXPECT_EQ(seen_by_python(without.message, "(m['List-Unsubscribe'], m['List-Unsubscribe-Post'])"),
            "(None, None)");
  EXPECT_EQ(seen_by_python(without.message,
                           "'answer with the word' in text and 'answer with the word' in html"),
            "True");
}

TEST(AnnouncementMail, SaysThePageAndFetchesNothing) {
  const outbox::Composed mail = compose(sample(), kReader, kStationery);
  const auto see = [&](const std::string& expression) {
    return seen_by_python(mail.message, expression);
  };
  EXPECT_EQ(see("'Resolvers did not answer.\\n.\\nR\u00E9solveurs <b>.' in text"), "True");
  EXPECT_EQ(see("'Haven DNS, Sigil auth' in text and '2026-11-20 09:12 UTC' in text and '51 min' "
                "in text"),
            "True");
  EXPECT_EQ(see("'&lt;timeouts&gt; &amp; {{more}}' in html and '<b>' not in html"), "True");
  EXPECT_EQ(see("re.findall('<(?:img|link|script|iframe|object)|src=|url\\\\(', html)"), "[]");
  EXPECT_EQ(see("sorted(set(re.findall('https?://([^/\"]*)', html + text)))"),
            "['docs.example.org', 'list.example.org']");
}

TEST(AnnouncementMail, BouncesComeBackByAnAddressOfTheDelivery) {
  const Keyring keyring = Keyring::from_secret("test");
  const outbox::Composed mail = compose(sample(), kReader, kStationery);
  const std::string prefix = "bounces+";
  ASSERT_TRUE(mail.envelope_from.starts_with(prefix));
  const std::string token = mail.envelope_from.substr(prefix.size(), 34);
  EXPECT_EQ(keyring.verify(Purpose::verp, token),
            std::string("\xaa\xbb\xcc\xdd\xee\xff\x00\x11\x22\x33", 10));
  EXPECT_FALSE(keyring.verify(Purpose::unsubscribe, token));
  EXPECT_EQ(mail.recipient, "ann@example.net");
  Stationery plain = kStationery;
  plain.bounce_address = "";
  EXPECT_EQ(compose(sample(), kReader, plain).envelope_from, "trust@example.org");
}

TEST(AnnouncementMail, ASecondSendingIsTheSameMail) {
  EXPECT_EQ(compose(sample(), kReader, kStationery).message,
            compose(sample(), kReader, kStationery).message);
}

TEST(AnnouncementMail, ATitleInjectsNoField) {
  Announcement a = sample();
  a.title = "x\r\nBcc: eve@example.com\r\n\r\nbody\u2028";
  const auto words = frozen_template(a);
  ASSERT_TRUE(words);
  const auto mail = compose_announcement(a, *words, kReader, kRow, kRow + "@example.org",
                                         kStationery, Keyring::from_secret("test"));
  ASSERT_TRUE(mail) << mail.error().text();
  EXPECT_EQ(seen_by_python(mail->message, "m['Bcc']"), "None");
}

TEST(AnnouncementNotice, TellsStaffWhatWillHappenAndHowToStopIt) {
  const auto words = render::load_mail_template("templates", notice_template());
  ASSERT_TRUE(words) << words.error().text();
  Announcement a = sample();
  a.hold_until = *parse_rfc3339("2026-11-24T10:10:00Z");
  const auto mail = compose_notice({a, "about 2 min", "Subject: x"}, *words,
                                   {"Ana", "ana@example.org"}, "n1@example.org", kStationery);
  ASSERT_TRUE(mail) << mail.error().text();
  const auto see = [&](const std::string& expression) {
    return seen_by_python(mail->message, expression);
  };
  EXPECT_EQ(see("'1234 subscribers are told from 2026-11-24 10:10 UTC on; that takes about 2 min.' "
                "in text"),
            "True");
  EXPECT_EQ(
      see("'announcement cancel a1' in text and 'Subject: x' in text and '" + a.url + "' in text"),
      "True");
  EXPECT_EQ(see("m['Auto-Submitted']"), "auto-generated");
  a.state = AnnouncementState::held;
  a.held_because = "old_page";
  const auto asked = compose_notice({a, "about 2 min", "x"}, *words, {"Ana", "ana@example.org"},
                                    "n1@example.org", kStationery);
  ASSERT_TRUE(asked);
  EXPECT_EQ(
      seen_by_python(
          asked->message,
          "'Nobody has been told yet: the day of this page is more than 30 days ago.' in text"),
      "True");
  EXPECT_EQ(seen_by_python(asked->message, "m['Subject'].startswith('May this be announced?')"),
            "True");
}

}  // namespace
}  // namespace trust::notifier
