#include "intake/report/understand.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/mail/header.h"

namespace trust::intake {
namespace {

struct Case {
  const char* name;
  const char* raw_subject;
  bool urgent;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class UrgentTest : public testing::TestWithParam<Case> {};

TEST_P(UrgentTest, IsSeenInAnyDecoration) {
  const std::string subject = mail::decode_text(GetParam().raw_subject).text;
  EXPECT_EQ(says_security_urgent(subject), GetParam().urgent) << subject;
}

const Case kCases[] = {
    {"Exact", "SECURITY URGENT: token forgery", true},
    {"Lower", "security urgent: token forgery", true},
    {"Mixed", "Security Urgent:token forgery", true},
    {"Spaces", "   SECURITY \t  URGENT  : x", true},
    {"Folded", "SECURITY\r\n URGENT: x", true},
    {"Hyphen", "SECURITY-URGENT: x", true},
    {"Glued", "SECURITYURGENT: x", true},
    {"NoBreakSpace", "SECURITY\xC2\xA0URGENT: x", true},
    {"ZeroWidth", "\xE2\x80\x8BSECURITY\xE2\x80\x8B URGENT\xEF\xBB\xBF: x", true},
    {"Re", "Re: SECURITY URGENT: x", true},
    {"ReRe", "RE: Fwd: Re[2]: SECURITY URGENT: x", true},
    {"OtherLanguages", "AW: WG: Antwort: 转发: RÉF : SECURITY URGENT: x", true},
    {"WideColon", "回复：SECURITY URGENT：x", true},
    {"Wide", "ＳＥＣＵＲＩＴＹ　ＵＲＧＥＮＴ: x", true},
    {"Tag", "[EXTERNAL] SECURITY URGENT: x", true},
    {"TagAndRe", "Re: [TM-ABC123] SECURITY URGENT: x", true},
    {"InBrackets", "[SECURITY URGENT] x", true},
    {"Stars", "*** SECURITY URGENT *** x: y", true},
    {"Marks", "!!! \"SECURITY URGENT:\" x", true},
    {"Emoji", "🚨 SECURITY URGENT: x", true},
    {"Dash", "SECURITY URGENT - x", true},
    {"Alone", "SECURITY URGENT", true},
    {"EncodedWord", "=?utf-8?Q?SECURITY_URGENT:?= x", true},
    {"EncodedBase64", "=?utf-8?B?U0VDVVJJVFkgVVJHRU5UOiB4?=", true},
    {"EncodedHalves", "=?utf-8?Q?SECURITY?= =?utf-8?Q?_URGENT=3A?= x", true},
    {"EncodedLatin1", "=?iso-8859-1?Q?Re:_SECURITY=A0URGENT:?=", true},
    {"InASentence", "Is this a SECURITY URGENT: matter?", false},
    {"Urgently", "Security urgently needed", false},
    {"OtherWord", "SECURITY URGENT care in your town", false},
    {"OnlySecurity", "SECURITY: x", false},
    {"OnlyUrgent", "URGENT: security", false},
    {"OtherOrder", "URGENT SECURITY: x", false},
    {"InsideAWord", "INSECURITY URGENT: x", false},
    {"LongPrefix", "My ticket number seventeen: SECURITY URGENT: x", false},
    {"Empty", "", false},
    {"OnlyMarks", "Re: Re: [x] ***", false},
    {"NeverClosedTag", "[SECURITY", false},
};
INSTANTIATE_TEST_SUITE_P(Report, UrgentTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace trust::intake
