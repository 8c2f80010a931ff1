#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>

#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/mail/split.h"
#include "lib/mail/transfer.h"

namespace trust::mail {
namespace {

using namespace std::string_literals;

const std::string kSeeds[] = {
    "From: =?utf-8?B?R3LDvMOfZQ==?= <ann@example.org>\r\nTo: Friends: a@example.org, \"B, C\" "
    "<b@example.net>;\r\n"
    "Subject: =?iso-2022-jp?B?GyRCJUYlOSVI?= =?iso-2022-jp?B?GyhC?= =?gb2312?Q?=A8C?=\r\n"
    "Date: Tue, 24 Nov 2026 10:00:00 +0100 (CET)\r\nMessage-ID: <1@example.org>\r\n"
    "References: <a@x> <b@y>\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\n"
    "Content-Type: text/plain; charset=windows-1258\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\n"
    "Ti=EA=ECng =\r\n \r\n--b\r\nContent-Type: application/pdf; name*0*=utf-8''Gr%C3; "
    "name*1*=%BC.pdf\r\n"
    "Content-Disposition: attachment; filename=\"a (1).pdf\"\r\nContent-Transfer-Encoding: "
    "base64\r\n\r\n"
    "SGVsbG8gd29y\r\nbGQ=\r\n--b--\r\nend",
    "From x\nReceived: a\nContent-Type: message/rfc822\n\nContent-Type: multipart/digest; "
    "boundary=c\n\n--c\n\n"
    "Subject: J\xfcrgen\n\nx\n--c\n\nContent-Type: multipart/alternative; "
    "boundary=d\n\n--d\n\n1\n--d\n\n2\n--c--\n",
    "To: a:\nCc: Undisclosed recipients:;\nReply-To: <@a,@b:c@d>, (a (b)) \"x@y\"@z, "
    "<<a@b\nContent-Type: ;;=?utf-8?Q?text/plain?=\n"
    "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n+2&5L;&\\@=V]R;&0\n`\nend\n",
    "Content-Type: text/plain; charset=utf-16\n\n\xff\xfeH\0i\0\n"s,
};
const std::string kPieces[] = {"\r\n",
                               "\n",
                               "\r",
                               "\n\n",
                               "=?utf-8?Q?",
                               "?=",
                               "=?",
                               "--b\n",
                               "--b--\n",
                               "--",
                               "(",
                               ")",
                               "\"",
                               "\\",
                               "<",
                               ">",
                               "@",
                               ",",
                               ";",
                               ":",
                               "=",
                               "*0*=",
                               "''",
                               "%",
                               "%C3",
                               "=C3",
                               "\x1b$B",
                               "\x1b(B",
                               "\xff",
                               "\xc3",
                               "é",
                               std::string(1, '\0'),
                               " ",
                               "\t",
                               "Content-Type: multipart/mixed; boundary=b\n\n",
                               "Content-Type: message/rfc822\n\n",
                               "charset=gb18030",
                               "charset=iso-2022-jp",
                               "charset=euc-jp",
                               "charset=utf-32",
                               "charset=big5",
                               "base64",
                               "quoted-printable"};

void expect_clean(std::string_view text, const std::string& raw) {
  ASSERT_TRUE(is_valid_utf8(text)) << raw;
  ASSERT_EQ(text.find('\0'), std::string_view::npos) << raw;
}

void read_everything(const Part& part, const std::string& raw, std::size_t begin, std::size_t end) {
  ASSERT_TRUE(begin <= part.header_begin && part.header_begin <= part.header_end &&
              part.header_end <= part.body_begin && part.body_begin <= part.body_end &&
              part.body_end <= end)
      << raw;
  expect_clean(part.type, raw);
  expect_clean(part.name, raw);
  expect_clean(part.charset, raw);
  expect_clean(part.encoding, raw);
  const Header header = Header::read(part.header(raw));
  for (const Field& field : header.fields()) {
    expect_clean(decode_text(field.value).text, raw);
    for (const Address& address : parse_address_list(field.value)) {
      expect_clean(address.name, raw);
      expect_clean(address.address, raw);
      if (const auto strict = strict_address(address.address)) {
        expect_clean(*strict, raw);
        ASSERT_EQ(strict->find_first_of("\r\n <>\",;"), std::string::npos) << raw;
      }
    }
    for (const std::string& id : parse_message_ids(field.value)) expect_clean(id, raw);
    for (const auto& [name, value] : parse_parameters(field.value).parameters) {
      expect_clean(name, raw);
      expect_clean(value, raw);
    }
    parse_date(field.value);
  }
  const std::string bytes = decode_transfer(part.body(raw), encoding_of(part.encoding));
  ASSERT_EQ(bytes.size(), decoded_size(part.body(raw), encoding_of(part.encoding))) << raw;
  expect_clean(to_utf8(bytes, part.charset).text, raw);
  for (const Part& child : part.parts) {
    read_everything(child, raw, begin, part.body_end);
    begin = child.body_end;
  }
}

// A second here; TRUST_STRESS_SECONDS=300 in a sanitizer build is the real thing.
TEST(Stress, MutatedMailsAreReadWithoutHarm) {
  const char* wanted = std::getenv("TRUST_STRESS_SECONDS");
  const std::chrono::seconds span{wanted == nullptr ? 1 : std::atoi(wanted)};
  std::mt19937 random{static_cast<unsigned>(span.count() > 1 ? std::random_device{}() : 20261124U)};
  const auto until = std::chrono::steady_clock::now() + span;
  long rounds = 0;
  while (std::chrono::steady_clock::now() < until) {
    std::string raw = kSeeds[random() % std::size(kSeeds)];
    for (auto i = random() % 12; i > 0; --i) {
      const std::size_t at = random() % (raw.size() + 1);
      const std::size_t length = std::min<std::size_t>(random() % 20, raw.size() - at);
      switch (random() % 5) {
        case 0: raw.erase(at, length); break;
        case 1: raw.insert(at, kPieces[random() % std::size(kPieces)]); break;
        case 2: raw.insert(at, raw.substr(random() % (raw.size() + 1), random() % 100)); break;
        case 3: raw.insert(at, 1, static_cast<char>(random())); break;
        default: raw.replace(at, length, kPieces[random() % std::size(kPieces)]);
      }
    }
    read_everything(
        split_parts(raw, {.header_bytes = 2000, .field_bytes = 500, .depth = 6, .parts = 20}).root,
        raw, 0, raw.size());
    ASSERT_FALSE(HasFatalFailure());
    ++rounds;
  }
  EXPECT_GT(rounds, 10 * span.count());
  RecordProperty("mails", std::to_string(rounds));
}

}  // namespace
}  // namespace trust::mail
