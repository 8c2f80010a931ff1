// Every mail of tests/corpus through the child: what NAME.json says of NAME.eml, with LF and with
// CRLF, and what Python's email package says of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/cage/json.h"
#include "lib/cage/parser_child.h"
#include "lib/mail/parse.h"

namespace trust::cage {
namespace {

using nlohmann::json;

const std::string kFolder = "tests/corpus/";

std::vector<std::string> corpus() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{kFolder})
    if (entry.path().extension() == ".eml") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

std::string file(const std::string& name) {
  return read_file(kFolder + name).value_or("not readable");
}

ParserChild& child() {
  static ParserChild one;
  return one;
}

std::string key_in(std::string place, const std::string& key) {
  place += '.';
  place += key;
  return place;
}

/// Everything `wanted` names; of objects in lists too.
void expect_holds(const json& wanted, const json& got, const std::string& where) {
  if (wanted.is_object()) {
    for (const auto& [key, value] : wanted.items()) {
      ASSERT_TRUE(got.is_object() && got.contains(key)) << where << "." << key;
      expect_holds(value, got[key], key_in(where, key));
    }
    return;
  }
  if (wanted.is_array()) {
    ASSERT_TRUE(got.is_array() && got.size() == wanted.size()) << where << ": " << got;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      expect_holds(wanted[i], got[i], where + "[" + std::to_string(i) + "]");
    return;
  }
  EXPECT_EQ(wanted, got) << where;
}

class Corpus : public testing::TestWithParam<std::string> {};

TEST_P(Corpus, IsUnderstoodWithEitherLineEnd) {
  const std::string lf = file(GetParam() + ".eml");
  ASSERT_EQ(lf.find('\r'), std::string::npos);
  const json wanted = json::parse(file(GetParam() + ".json"));
  std::string digest;
  for (const std::string& raw : {lf, replace_all(lf, "\n", "\r\n")}) {
    SCOPED_TRACE(raw == lf ? "LF" : "CRLF");
    const auto mail = child().parse(raw);
    ASSERT_TRUE(mail);
    expect_holds(wanted, to_json(*mail), "");
    EXPECT_EQ(to_json(*mail), to_json(mail::parse(raw))) << "as without a cage";
    if (digest.empty()) digest = mail->content_sha256;
    EXPECT_EQ(mail->content_sha256, digest);
  }
}

INSTANTIATE_TEST_SUITE_P(Mails, Corpus, testing::ValuesIn(corpus()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

/// Where we disagree with Python, and why ours is meant.
const std::map<std::string, std::string> kDisagreements{
    {"named-text-is-an-attachment-and-is-read.has_text",
     "with no other text a named inline one is read too, though it counts as an attachment"},
    {"nul-bytes.subject", "no store takes a NUL; it becomes U+FFFD"}};

TEST(CorpusWithPython, AgreesOrTheDifferenceIsExplained) {
  const std::unique_ptr<FILE, int (*)(FILE*)> python{
      ::popen(("/usr/bin/python3 -B tests/corpus/with_python.py " + kFolder).c_str(), "r"),
      &::pclose};
  ASSERT_TRUE(python);
  std::string output;
  char chunk[4096];
  while (const std::size_t n = std::fread(chunk, 1, sizeof chunk, python.get()))
    output.append(chunk, n);
  std::set<std::string> seen;
  std::size_t mails = 0;
  for (const std::string_view line : lines_of(output)) {
    const json theirs = json::parse(line);
    const std::string name = theirs["file"];
    const auto mail = child().parse(file(name + ".eml"));
    ASSERT_TRUE(mail);
    ++mails;
    const json ours{{"file", name},
                    {"subject", mail->subject},
                    {"from", mail->from.address},
                    {"to", mail->to},
                    {"attachments", mail->attachments.size()},
                    {"has_text", !trim(mail->text).empty()}};
    for (const auto& [key, value] : theirs.items()) {
      if (ours[key] == value) continue;
      const std::string place = key_in(name, key);
      seen.insert(place);
      EXPECT_TRUE(kDisagreements.contains(place))
          << place << ": ours " << ours[key] << ", Python's " << value;
    }
  }
  EXPECT_EQ(mails, corpus().size());
  for (const auto& [place, why] : kDisagreements)
    EXPECT_TRUE(seen.contains(place)) << place << " agrees now; it was: " << why;
}

}  // namespace
}  // namespace trust::cage
