// The test program is started again as its own child, as the real programs are.
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <string_view>

#include "lib/base/log.h"
#include "lib/cage/parser_child.h"
#include "tests/lib/cage/misbehaving_child.h"

namespace {

/// Three mails, two children; the outcome of the last on standard output, after the log.
int read_three() {
  trust::set_log_output(trust::LogTo::standard_output);
  trust::cage::ParserChild child{{.mails_per_child = 2}};
  const std::string raw = "From: ada@example.org\r\nSubject: Haven is down\r\n\r\nNothing.\r\n";
  (void)child.parse(raw);
  (void)child.parse(raw);
  const auto mail = child.parse(raw);
  std::cout << (mail ? "read: " + mail->subject : mail.error().text()) << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role == "parser") return trust::cage::child_main();
  using trust::cage::Confined, trust::cage::misbehaving_child_main;
  if (role == "misbehave") return misbehaving_child_main(Confined::by_limits);
  if (role == "caged") return misbehaving_child_main(Confined::by_cage);
  if (role == "free") return misbehaving_child_main(Confined::not_at_all);
  if (role == "open") return misbehaving_child_main(Confined::open);
  if (role == "read-three") return read_three();
  trust::set_log_output(trust::LogTo::nowhere);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
