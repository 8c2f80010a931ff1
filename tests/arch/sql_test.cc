// SEC-40: every value reaches SQL as a bound parameter. SQL stands in named constants of *_store
// files, of lib/store itself and of two that read where they must, and no text is put together with
// it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

bool may_hold_sql(const std::string& path) {
  static const std::regex kStores{
      R"(.*_store\.cc|lib/store/.*|lib/outbox/presence\.cc|notifier/delivery/mail_composer\.cc)"};
  return std::regex_match(path, kStores);
}

/// What is wrong with a source, as "path: what".
std::vector<std::string> faults_of(const std::string& path, const std::string& text) {
  static const std::regex kStatement{
      R"re("\s*(SELECT\s|INSERT INTO|UPDATE\s+\w+\s+SET|DELETE FROM|CREATE TABLE|ALTER TABLE|DROP TABLE|BEGIN\b|PRAGMA\s))re"};
  static const std::regex kRaw{R"(R"sql\()"};
  static const std::regex kMade{R"re(\bSql\s*(\w+\s*)?\{)re"};
  static const std::regex kConstant{R"re(constexpr (store::)?Sql \w+\{)re"};
  // A piece of SQL with something added to it, at either end.
  static const std::regex kJoined{
      R"re((\)sql"|"[^"\n]*\b(SELECT|WHERE|VALUES|SET|FROM)\b[^"\n]*")\s*(\+|<<)|(\+|<<)\s*(R"sql\(|"[^"\n]*\b(SELECT|WHERE|VALUES|SET|FROM)\b[^"\n]*")|format\([^)]*(SELECT|WHERE|VALUES)\b)re"};
  std::vector<std::string> faults;
  const auto count = [&](const std::regex& what) {
    return std::distance(std::sregex_iterator{text.begin(), text.end(), what},
                         std::sregex_iterator{});
  };
  if (!may_hold_sql(path)) {
    if (count(kStatement) > 0 || count(kRaw) > 0) faults.push_back(path + ": SQL outside a store");
    if (count(kMade) > 0) faults.push_back(path + ": a statement made outside a store");
    return faults;
  }
  // There << is how Poco is told what to run.
  if (path != "lib/store/database.cc" && count(kJoined) > 0)
    faults.push_back(path + ": SQL that is put together");
  // lib/store makes the only statements that are not constants: of migrations, which are ours.
  if (!path.starts_with("lib/store/") && count(kMade) != count(kConstant))
    faults.push_back(path + ": a statement that is no constant");
  return faults;
}

TEST(Sec40, SqlStandsInNamedConstantsOfStoresAndNothingIsAddedToIt) {
  int stores = 0;
  for (const char* top : {"lib", "intake", "notifier"})
    for (const auto& entry : fs::recursive_directory_iterator{top}) {
      const std::string path = entry.path().generic_string();
      if (!path.ends_with(".cc") && !path.ends_with(".h")) continue;
      std::ifstream file{path};
      const std::string text{std::istreambuf_iterator<char>{file}, {}};
      stores += may_hold_sql(path) && text.find("Sql k") != std::string::npos;
      for (const std::string& fault : faults_of(path, text)) ADD_FAILURE() << fault;
    }
  EXPECT_GE(stores, 10) << "the stores were really read";
}

TEST(Sec40, TheGateSeesEachWayAroundIt) {
  struct Way {
    const char* name;
    const char* path;
    const char* text;
  };
  const Way kWays[] = {
      {"joined", "intake/case/case_store.cc",
       R"(c.query({"x", "SELECT a FROM t WHERE b = '" + name});)"},
      {"appended", "notifier/page/page_store.cc", R"x(text += R"sql(SELECT 1)sql" + name;)x"},
      {"streamed", "notifier/page/page_store.cc",
       R"(out << "SELECT a FROM t WHERE b = " << name;)"},
      {"formatted", "notifier/page/page_store.cc", R"(fmt::format("SELECT {} FROM t WHERE", x))"},
      {"made at run time", "intake/case/case_store.cc", R"(const Sql made{"x", text};)"},
      {"elsewhere", "intake/desk/desk.cc", R"(c.query(kX); "SELECT a FROM t";)"},
      {"made elsewhere", "intake/desk/desk.cc", R"(c.query(store::Sql{"x", text});)"},
      {"raw elsewhere", "intake/desk/desk.cc", R"x(R"sql(anything)sql")x"},
  };
  for (const Way& way : kWays) EXPECT_FALSE(faults_of(way.path, way.text).empty()) << way.name;
  EXPECT_TRUE(faults_of("intake/case/case_store.cc",
                        R"(constexpr Sql kOne{"one", "SELECT a FROM t WHERE b = $1", "t"};)")
                  .empty());
}

}  // namespace
