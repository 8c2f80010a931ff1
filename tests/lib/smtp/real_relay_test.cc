#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/net/curl_stream.h"
#include "lib/smtp/smtp_transport.h"

namespace trust::smtp {
namespace {

using std::chrono::steady_clock;

constexpr int kMails = 50;
constexpr char kReader[] = "s1@example.com";

/// Postfix and Dovecot of deploy/world, for as long as the object lives.
class MailWorld {
 public:
  MailWorld() {
    std::string pattern = (std::filesystem::temp_directory_path() / "trust-relay-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::permissions(folder_, std::filesystem::perms{0755});
    const std::string command = "/usr/bin/python3 -B tests/fakes/mail_world.py " + folder_ + " " +
                                std::to_string(kMails) + " " + kReader;
    output_ = ::popen(command.c_str(), "r");
    std::istringstream words{line()};
    words >> smtp_url >> imap_url >> ca_file >> password_file;
  }
  ~MailWorld() {
    if (output_ != nullptr) ::pclose(output_);
    std::filesystem::remove_all(folder_);
  }

  /// What the helper says next; waits for it.
  std::string line() {
    char buffer[4096];
    return std::fgets(buffer, sizeof buffer, output_) == nullptr ? "" : std::string{trim(buffer)};
  }
  std::vector<std::string> delivered() const {
    std::vector<std::string> mails;
    mails.reserve(kMails);
    for (int n = 0; n < kMails; ++n)
      mails.push_back(*read_file(folder_ + "/" + std::to_string(n) + ".eml"));
    return mails;
  }

  std::string smtp_url, imap_url, ca_file, password_file;

 private:
  std::string folder_;
  FILE* output_ = nullptr;
};

/// Mails made to be mangled, each with its number as subject.
std::vector<std::string> difficult_mails() {
  const std::string bodies[] = {
      "hello\r\n",
      "",
      ".\r\n",
      "..\r\n.\r\n...\r\n",
      ".leading\r\n..dots\r\nin.side.\r\n",
      "no line end",
      "bare\nline\nfeeds\n.\n.\n",
      "bare\rreturns\r.\r.\r",
      "mixed\r\n.\n.\r\r\n.\r\n\n.\r\nMAIL FROM:<evil@example.net>\r\nDATA\r\n",
      "\r\n\r\n\r\nblank lines\r\n\r\n\r\n",
      std::string(998, 'x') + "\r\n",
      "." + std::string(997, '.') + "\r\n",
      "From the start of a line\r\nFrom: again\r\n",
      "spaces at the end   \r\n\t\r\n",
      "caf\xC3\xA9 and \xFF\xFE raw bytes\r\n",
      std::string(300'000, '.') + "x",
  };
  std::vector<std::string> mails;
  for (int n = 0; n < kMails; ++n) {
    std::string body = bodies[static_cast<std::size_t>(n) % std::size(bodies)];
    // Lines over 998 would be the relay's to break.
    for (std::size_t at = 900; at < body.size() && body.size() > 2000; at += 900)
      body.insert(at, "\r\n");
    mails.push_back("Subject: mail " + std::to_string(n) +
                    "\r\nFrom: security@example.org\r\nTo: " + kReader + "\r\nMessage-ID: <" +
                    std::to_string(n) +
                    "@example.org>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n" + body);
  }
  return mails;
}

std::string with_crlf(std::string_view text) {
  std::string lines = replace_all(replace_all(std::string{text}, "\r\n", "\n"), "\r", "\n");
  if (!lines.ends_with("\n")) lines += '\n';
  return replace_all(lines, "\n", "\r\n");
}

TEST(RealRelay, PostfixDeliversFiftyDifficultMailsByteForByte) {
  set_log_output(LogTo::nowhere);
  MailWorld world;
  ASSERT_NE(world.password_file, "") << "the mail world did not start";
  net::CurlConnector connector;
  const auto endpoint = [&](const std::string& url) -> Result<net::Endpoint> {
    const Result<std::string> password = read_secret(world.password_file);
    if (!password) return password.error();
    return net::Endpoint{.url = url,
                         .password = *password,
                         .ca_file = world.ca_file,
                         .ehlo_name = "desk.example.org"};
  };

  const std::vector<std::string> mails = difficult_mails();
  SmtpTransport transport{connector, [&] { return endpoint(world.smtp_url); }};
  const auto began = steady_clock::now();
  for (const std::string& mail : mails) {
    const mail::SendResult sent =
        transport.send({"security@example.org", kReader}, mail, [] { return ok(); });
    ASSERT_EQ(sent.outcome, mail::Outcome::accepted) << sent.code << ' ' << sent.reply;
  }
  std::cout
      << kMails << " mails handed over in "
      << std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began).count()
      << " ms\n";
  // Who is not known there is refused by the relay itself.
  const mail::SendResult unknown =
      transport.send({"security@example.org", "nobody@example.com"}, mails[0], [] { return ok(); });
  EXPECT_EQ(unknown.outcome, mail::Outcome::failed);
  EXPECT_EQ(unknown.status, "5.1.1");
  transport.close();

  // The same connector logs in to Dovecot; a wrong password is refused there.
  net::Endpoint mailbox = *endpoint(world.imap_url);
  auto stream = connector.connect(mailbox);
  ASSERT_TRUE(stream) << stream.error().text();
  const auto deadline = steady_clock::now() + std::chrono::seconds{20};
  ASSERT_TRUE((*stream)->send("t NOOP\r\n", deadline));
  std::string answer;
  while (answer.find("\r\n") == std::string::npos) {
    const Result<std::string> bytes = (*stream)->receive(4096, deadline);
    ASSERT_TRUE(bytes && !bytes->empty());
    answer += *bytes;
  }
  EXPECT_TRUE(answer.starts_with("t OK")) << answer;
  mailbox.password = "wrong";
  const auto refused = connector.connect(mailbox);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault(), Fault::denied);

  ASSERT_EQ(world.line(), "delivered");
  std::vector<std::string> delivered = world.delivered();
  for (const std::string& mail : mails) {
    const std::string wanted = with_crlf(mail);
    const auto found = std::find_if(delivered.begin(), delivered.end(),
                                    [&](const std::string& one) { return one.ends_with(wanted); });
    ASSERT_NE(found, delivered.end()) << mail.substr(0, 20) << " did not arrive as it was sent";
    delivered.erase(found);
  }
}

}  // namespace
}  // namespace trust::smtp
