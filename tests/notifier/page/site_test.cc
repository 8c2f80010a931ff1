#include "notifier/page/site.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/fakes/scripted_server.h"

namespace trust::notifier {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kText = "## Summary\nIt broke.\n## Root cause\nA cable.\n";

class SiteTest : public testing::Test {
 protected:
  SiteTest() {
    std::string pattern = (fs::temp_directory_path() / "trust-site-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    site_.folder = folder_.string();
    site_.base_url = "https://docs.example.org/trust/incidents/";
    site_.selectors = "main";
    site_.fetch = [this](const std::string& url) -> Result<net::HttpAnswer> {
      asked_.push_back(url);
      return answer_;
    };
  }
  ~SiteTest() override { fs::remove_all(folder_); }
  void put(const std::string& name, std::string_view text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream{folder_ / name} << text;
  }

  fs::path folder_;
  Site site_;
  Result<net::HttpAnswer> answer_ = net::HttpAnswer{200, "text/html", "<main>ok</main>"};
  std::vector<std::string> asked_;
};

TEST_F(SiteTest, AFolderGivesItsPostMortemsAndNothingElse) {
  put("2026-03-01-dns.mdx", kText);
  put("2026-03-02-vpn/index.md", kText);
  put("2026-03-03-old.md", "## Summary\n");
  put("index.mdx", kText);
  put("2026-03-04-note.txt", kText);
  put("2026-02-30-no-such-day.md", kText);
  put("2026-03-05-Capital.md", kText);
  put("2026-03-06-bad.md", "---\na: [\n---\n");
  put("2026-03-07-huge.md", std::string(kMaxPageBytes + 1, 'x'));
  ASSERT_EQ(::mkfifo((folder_ / "2026-03-08-pipe.md").c_str(), 0600), 0);
  fs::create_symlink("/nowhere", folder_ / "2026-03-09-gone.md");

  const Result<FolderLook> look = site_.look_at_folder();
  ASSERT_TRUE(look);
  ASSERT_EQ(look->pages.size(), 3U);
  EXPECT_EQ(look->pages[0].id, "2026-03-01-dns");
  EXPECT_EQ(look->pages[0].url, "https://docs.example.org/trust/incidents/2026-03-01-dns/");
  EXPECT_TRUE(look->pages[1].article.is_published());
  EXPECT_FALSE(look->pages[2].article.is_published());
  ASSERT_EQ(look->bad.size(), 2U);
  EXPECT_EQ(look->bad[0].reason, "front_matter");
  EXPECT_EQ(look->bad[1].reason, "too_large");

  const auto found = site_.find_in_folder("2026-03-02-vpn");
  ASSERT_TRUE(found);
  EXPECT_TRUE(*found);
  EXPECT_EQ(site_.find_in_folder("2026-03-06-bad").error().fault(), Fault::invalid);
  EXPECT_FALSE(*site_.find_in_folder("2026-01-01-none"));
}

TEST_F(SiteTest, AMissingFolderIsUnavailable) {
  site_.folder = folder_.string() + "/none";
  const Result<FolderLook> look = site_.look_at_folder();
  ASSERT_FALSE(look);
  EXPECT_EQ(look.error().fault(), Fault::unavailable);
}

struct LiveRow {
  const char* name;
  int code;
  std::string body;
  std::optional<Fault> fault;  ///< of check_is_live
};

TEST_F(SiteTest, TheLivePageMustAnswer) {
  const LiveRow rows[] = {
      {"there", 200, "<main>anything</main>", std::nullopt},
      {"another theme", 200, "<div>anything</div>", std::nullopt},
      {"missing", 404, "<main>Not found</main>", Fault::not_found},
      {"moved", 301, "", Fault::unavailable},
      {"broken", 503, "", Fault::unavailable},
      {"placeholder", 200, "<main><h2>Summary</h2><h2>Root cause</h2></main>", Fault::unavailable},
      {"full", 200, "<main><h2>Summary</h2>a<h2>Root cause</h2>b</main>", std::nullopt},
  };
  for (const LiveRow& row : rows) {
    answer_ = net::HttpAnswer{row.code, "text/html", row.body};
    const Status live = site_.check_is_live("2026-03-01-dns");
    EXPECT_EQ(live.has_value(), !row.fault) << row.name;
    if (row.fault && !live) {
      EXPECT_EQ(live.error().fault(), *row.fault) << row.name;
    }
  }
  EXPECT_EQ(asked_.front(), "https://docs.example.org/trust/incidents/2026-03-01-dns/");
}

TEST_F(SiteTest, TheHistoryPagesLinksAreIds) {
  answer_ =
      net::HttpAnswer{200, "text/html",
                      "<nav><a href='/trust/incidents/'>Incidents</a></nav><table>"
                      "<a href='/trust/incidents/2026-03-01-a/'>1</a><a "
                      "href=\"https://docs.example.org/trust/incidents/2026-03-02-b\">2</a>"
                      "<a href=' ./2026-03-03-c/ '>3</a><a href='2026-03-04-d/#summary'>4</a><a "
                      "href='2026-03-01-a/?x=1'>again</a>"
                      "<a href='https://evil.example/trust/incidents/2026-03-05-e/'>x</a><a "
                      "href='//evil.example/2026-03-06-f/'>x</a>"
                      "<a href='/other/2026-03-07-g/'>x</a><a href='2026-03-08-h/deeper/'>x</a><a "
                      "href='javascript:2026'>x</a>"
                      "<a href='/trust/incidents/../2026-03-09-i/'>x</a><a>x</a></table>"};
  const auto ids = site_.read_history();
  ASSERT_TRUE(ids && *ids);
  EXPECT_EQ(**ids, (std::vector<std::string>{"2026-03-01-a", "2026-03-02-b", "2026-03-03-c",
                                             "2026-03-04-d"}));
  EXPECT_EQ(asked_, std::vector<std::string>{site_.base_url});
  answer_ = net::HttpAnswer{404, "", ""};
  EXPECT_FALSE(*site_.read_history());
  answer_ = net::HttpAnswer{500, "", ""};
  EXPECT_EQ(site_.read_history().error().fault(), Fault::unavailable);
}

TEST_F(SiteTest, ALivePageWithoutAnArticleIsNotRead) {
  answer_ = net::HttpAnswer{200, "text/html", "<div>a</div>"};
  EXPECT_EQ(site_.read_live("2026-03-01-dns").error().fault(), Fault::unavailable);
  answer_ = net::HttpAnswer{200, "text/html", "<html><main><h2>Summary</h2>It broke.<h2>Ro"};
  EXPECT_EQ(site_.read_live("2026-03-01-dns").error().fault(), Fault::unavailable);
  answer_ = Error{Fault::unavailable, "too slow"};
  EXPECT_EQ(site_.read_live("2026-03-01-dns").error().fault(), Fault::unavailable);
}

TEST(Fetch, AnUnchangedHistoryPageIsNotSentAgain) {
  using test::hear_until;
  using test::say;
  const auto answering = [](const std::string& answer) {
    return test::Script{hear_until("\r\n\r\n"), say(answer), test::drop()};
  };
  const std::string page = "<main><a href='2026-03-01-a/'>1</a></main>";
  test::ScriptedServer server{{answering("HTTP/1.1 200 OK\r\nETag: W/\"1\"\r\nContent-Length: " +
                                         std::to_string(page.size()) + "\r\n\r\n" + page),
                               answering("HTTP/1.1 304 Not Modified\r\n\r\n"),
                               answering("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"),
                               answering("HTTP/1.1 304 Not Modified\r\n\r\n")}};
  const std::string url = server.url("http") + "/";
  Site site;
  site.base_url = url;
  site.fetch = fetch_from(url, {});
  const std::vector<std::string> ids{"2026-03-01-a"};
  EXPECT_EQ(**site.read_history(), ids);
  EXPECT_EQ(**site.read_history(), ids);
  EXPECT_FALSE(site.read_history());
  EXPECT_EQ(**site.read_history(), ids) << "what was held outlives a failure";
  EXPECT_EQ(server.received(0).find("If-None-Match"), std::string::npos);
  EXPECT_NE(server.received(1).find("If-None-Match: W/\"1\"\r\n"), std::string::npos);
  // A 304 that nobody asked for is no page.
  EXPECT_EQ(fetch_from(url, {})(url)->code, 304);
}

}  // namespace
}  // namespace trust::notifier
