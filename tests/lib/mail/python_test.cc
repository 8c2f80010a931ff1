#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/mail/split.h"
#include "lib/mail/transfer.h"

namespace trust::mail {
namespace {

std::string from_base64(std::string_view text) { return decode_transfer(text, Encoding::base64); }

std::string outline(const Part& part, std::string_view raw) {
  if (part.parts.empty())
    return part.type + ":" +
           std::to_string(decoded_size(part.body(raw), encoding_of(part.encoding)));
  std::string out = part.type + "[";
  for (const Part& child : part.parts) out += (out.back() == '[' ? "" : ",") + outline(child, raw);
  return out + "]";
}

std::string read(std::string_view kind, const std::string& raw) {
  if (kind == "text") return decode_text(replace_all(raw, "\r\n", "")).text;
  if (kind == "name") return split_parts(raw).root.name;
  if (kind == "tree") return outline(split_parts(raw).root, raw);
  if (kind == "date") {
    const auto date = parse_date(raw);
    return date ? to_rfc3339(*date) : "";
  }
  std::string out;
  for (const Address& address : parse_address_list(raw))
    out += (out.empty() ? "" : "\n") + address.name + " <" + address.address + ">";
  return out;
}

// Python's email package writes; we read. For part trees both read the same bytes.
TEST(Python, AgreesOnTextNamesAddressesDatesAndTrees) {
  FILE* pipe = popen("/usr/bin/python3 -B tests/lib/mail/python_cases.py", "r");
  ASSERT_NE(pipe, nullptr);
  std::string all;
  char buffer[65536];
  for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    all.append(buffer, got);
  ASSERT_EQ(pclose(pipe), 0);
  std::map<std::string, int> checked;
  for (const std::string_view line : lines_of(all)) {
    const auto words = split(line, ' ');
    ASSERT_EQ(words.size(), 3U);
    const std::string raw = from_base64(words[1]);
    EXPECT_EQ(read(words[0], raw), from_base64(words[2])) << words[0] << ": " << raw;
    ++checked[std::string{words[0]}];
  }
  EXPECT_GE(checked["text"], 900);
  EXPECT_GE(checked["name"], 500);
  EXPECT_GE(checked["addresses"], 300);
  EXPECT_GE(checked["date"], 300);
  EXPECT_GE(checked["tree"], 1500);
}

}  // namespace
}  // namespace trust::mail
