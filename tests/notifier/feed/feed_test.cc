#include "notifier/feed/feed.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "notifier/feed/markup.h"

namespace trust::notifier {
namespace {

const std::string kBase = "https://docs.example.org/trust/incidents/";

Incident published(const std::string& id, const std::string& at) {
  return {.id = id,
          .url = kBase + id + "/",
          .title = "DNS & <b>VPN</b> \u2014 \"x\"\x01",
          .summary = "a < b & <script>alert(1)</script>\nc\x0B ]]> \xFF\xEF\xBF\xBE",
          .type = IncidentType::security,
          .services = {"Haven DNS", "a|b"},
          .start = *parse_rfc3339("2026-03-01T09:12:00Z"),
          .end = *parse_rfc3339("2026-03-01T10:03:00Z"),
          .status = IncidentStatus::published,
          .published_at = *parse_rfc3339(at),
          .withdrawn_because = {},
          .corrections = {}};
}

std::vector<Incident> register_of_four() {
  Incident quiet = published("2026-03-04-quiet", "2026-03-04T00:00:00Z");
  quiet.status = IncidentStatus::reserved;
  quiet.revealed = false;
  Incident reserved = published("2026-03-03-open", "2026-03-04T00:00:00Z");
  reserved.status = IncidentStatus::reserved;
  reserved.published_at.reset();
  reserved.end.reset();
  return {quiet, reserved, published("2026-03-02-b", "2026-03-09T14:00:00Z"),
          published("2026-03-01-a", "2026-03-10T14:00:00Z")};
}

/// What Python's own parsers make of the files in a folder.
std::string seen_by_python(const std::string& folder, const std::string& program) {
  std::ofstream{folder + "/see.py"}
      << "import sys, json, os\nimport xml.etree.ElementTree as ET\nos.chdir(sys.argv[1])\n" +
             program;
  FILE* pipe = ::popen(("/usr/bin/python3 " + folder + "/see.py " + folder + " 2>&1").c_str(), "r");
  std::string out;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  ::pclose(pipe);
  return out;
}

class FeedTest : public testing::Test {
 protected:
  FeedTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "trust-feed-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FeedTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(FeedTest, AnotherXmlParserReadsWhatWasMeant) {
  ASSERT_TRUE(write_public_files(folder_ + "/new", public_files(register_of_four(), {}, kBase)));
  const std::string seen = seen_by_python(folder_ + "/new", R"py(
root = ET.parse('feed.xml').getroot()
items = root.findall('channel/item')
for i in items:
    print(i.findtext('guid'), i.find('guid').get('isPermaLink'), i.findtext('pubDate'))
print(items[0].findtext('title'))
print(items[0].findtext('description'))
print([c.text for c in items[0].findall('category')])
print(root.find('channel/{http://www.w3.org/2005/Atom}link').get('href'))
)py");
  EXPECT_EQ(seen, kBase + "2026-03-01-a/ true Tue, 10 Mar 2026 14:00:00 +0000\n" + kBase +
                      "2026-03-02-b/ true Mon, 9 Mar 2026 14:00:00 +0000\n"
                      "DNS & \u2039b\u203AVPN\u2039/b\u203A \u2014 \"x\"\n"
                      "a &lt; b &amp; &lt;script&gt;alert(1)&lt;/script&gt;<br/>c ]]&gt; \uFFFD\n"
                      "['security', 'Haven DNS', 'a|b']\n" +
                      kBase + "feed.xml\n");
  struct stat info {};
  ASSERT_EQ(::stat((folder_ + "/new/feed.xml").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0644U);
}

TEST_F(FeedTest, IncidentsJsonHasItsShape) {
  const auto json =
      nlohmann::json::parse(public_files(register_of_four(), {}, kBase).incidents_json);
  ASSERT_EQ(json["incidents"].size(), 3U);
  const auto& open = json["incidents"][0];
  EXPECT_EQ(open["id"], "2026-03-03-open");
  EXPECT_EQ(open["status"], "reserved");
  EXPECT_TRUE(open["end"].is_null());
  EXPECT_TRUE(open["published_at"].is_null());
  const auto& b = json["incidents"][1];
  EXPECT_EQ(b["url"], kBase + "2026-03-02-b/");
  EXPECT_EQ(b["type"], "security");
  EXPECT_EQ(b["services"], (nlohmann::json{"Haven DNS", "a|b"}));
  EXPECT_EQ(b["start"], "2026-03-01T09:12:00Z");
  EXPECT_EQ(b["published_at"], "2026-03-09T14:00:00Z");
  EXPECT_TRUE(b["withdrawn_because"].is_null());
  EXPECT_EQ(b["corrections"], nlohmann::json::array());
}

TEST_F(FeedTest, TheSameRegisterGivesTheSameBytes) {
  auto shuffled = register_of_four();
  std::swap(shuffled[2], shuffled[3]);
  const PublicFiles once = public_files(register_of_four(), {}, kBase);
  EXPECT_EQ(once.feed_xml, public_files(shuffled, {}, kBase).feed_xml);
  EXPECT_EQ(once.incidents_json, public_files(register_of_four(), {}, kBase).incidents_json);
}

TEST_F(FeedTest, AnEmptyRegisterSaysSo) {
  const PublicFiles files = public_files({}, {}, kBase);
  EXPECT_NE(files.history_md.find("| No reportable incidents to date | | | | |\n"),
            std::string::npos);
  EXPECT_EQ(files.incidents_json, "{\n  \"incidents\": []\n}\n");
  EXPECT_EQ(files.log_jsonl, "");
  EXPECT_EQ(files.feed_xml.find("<item>"), std::string::npos);
}

TEST_F(FeedTest, TheHistoryIsATableWhateverTheTitle) {
  const std::string history = public_files(register_of_four(), {}, kBase).history_md;
  EXPECT_EQ(history.find("quiet"), std::string::npos);
  EXPECT_NE(history.find("| 2026-03-03 | Haven DNS, a\\|b | ongoing | security | reserved: " +
                         kBase + "2026-03-03-open/ |\n"),
            std::string::npos)
      << history;
  EXPECT_NE(history.find(
                "| 2026-03-01 | Haven DNS, a\\|b | 51 min | security | [DNS \\& &lt;b>VPN&lt;/b> "),
            std::string::npos)
      << history;
  EXPECT_EQ(markdown_cell("{x} [a](b)\n`c`"), "&#123;x&#125; \\[a\\](b) \\`c\\`");
}

TEST_F(FeedTest, TheLogIsAChainPerPage) {
  const UtcTime t = *parse_rfc3339("2026-03-09T14:00:00Z");
  const std::string log =
      public_files({}, {{"v1", kBase + "a/", t, "aa", ""}, {"v2", kBase + "a/", t, "bb", "aa"}},
                   kBase)
          .log_jsonl;
  std::ofstream{folder_ + "/log.jsonl"} << log;
  EXPECT_EQ(
      seen_by_python(
          folder_,
          "rows = [json.loads(l) for l in open('log.jsonl')]\n"
          "print(len(rows), rows[0]['previous'], rows[1]['previous'] == rows[0]['digest'])\n"),
      "2 None True\n");
}

TEST_F(FeedTest, AFolderThatCannotBeWrittenIsSaid) {
  std::ofstream{folder_ + "/file"} << "x";
  EXPECT_FALSE(write_public_files(folder_ + "/file/below", public_files({}, {}, kBase)));
}

}  // namespace
}  // namespace trust::notifier
