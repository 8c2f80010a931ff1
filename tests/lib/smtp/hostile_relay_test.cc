// SEC-23: what a hostile relay says is never read past its end (CVE-2019-3823 and its kin).
#include <gtest/gtest.h>

#include "lib/smtp/session.h"
#include "tests/fakes/script_stream.h"

namespace trust::smtp {
namespace {

using mail::Outcome;
using test::ScriptStream;
using test::Turn;

const std::string kUnended[] = {"2",
                                "25",
                                "250",
                                "250 ",
                                "250-",
                                "250-x\r\n",
                                "250-x\r\n250",
                                "250 no line end",
                                "250\r",
                                "\r",
                                std::string(1, '\0'),
                                ""};

TEST(Session, Sec23AReplyThatDoesNotEndIsNoReply) {
  for (const std::string& unended : kUnended)
    for (const std::size_t piece : {1, 2, 65536}) {
      SCOPED_TRACE("'" + unended + "' in pieces of " + std::to_string(piece));
      const std::vector<Turn> usual = {{"EHLO", "250 relay\r\n"},
                                       {"MAIL FROM", "250 ok\r\n"},
                                       {"RCPT TO", "250 ok\r\n"},
                                       {"DATA\r\n", "354 go\r\n"},
                                       {"\r\n.\r\n", "250 taken\r\n"}};
      for (std::size_t at = 0; at < usual.size(); ++at) {
        std::vector<Turn> turns{usual.begin(), usual.begin() + static_cast<std::ptrdiff_t>(at)};
        turns.push_back({usual[at].after, unended});
        auto session =
            Session::open(std::make_unique<ScriptStream>(turns, piece), "desk.example.org", {});
        EXPECT_EQ(session.has_value(), at > 0);
        if (!session) continue;
        const mail::SendResult sent =
            (*session)->send({"from@example.org", "to@example.com"}, "Subject: x\r\n\r\nhello\r\n",
                             [] { return ok(); });
        EXPECT_EQ(sent.outcome, at == 4 ? Outcome::uncertain : Outcome::relay) << at;
        EXPECT_FALSE((*session)->is_usable());
      }
    }
}

}  // namespace
}  // namespace trust::smtp
