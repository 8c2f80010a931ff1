// mimetic as an oracle for the part tree: where parts begin and end, and what types they have, as
// another reader sees it. In the programs it reads header blocks only (lib/mail/header.cc); here it
// reads whole mails, because they are ours, small and shallow. It is given only what it holds:
//   - its depth is the call stack and its header reader quadratic: no mail over kMostBytes
//   - its typed address fields and its decoders corrupt memory: Content-Type is all we ask for
//   - it flushes at 4 KiB and then leaves the line end of a delimiter in the body: short bodies
//   - ";" in a quoted boundary, comments, RFC 2231 and the default type in a digest are strange to
//     it, and it takes a line that goes on behind a boundary for the boundary: such is not written
// What is broken on purpose, Python's email package reads against us (python_test.cc).
#include <gtest/gtest.h>
#include <mimetic/mimeentity.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>

#include "lib/base/text.h"
#include "lib/mail/split.h"

namespace trust::mail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = 64U << 10U;

/// One line for each part, indented by its depth: its type and, of a leaf, the bytes of its body as
/// they stand.
std::string line_of(std::size_t depth, const std::string& type, const std::string* body) {
  std::string out(depth * 2, ' ');
  out += type;
  if (body != nullptr) out += ' ' + testing::PrintToString(*body);
  return out + '\n';
}

std::string ours(const Part& part, std::string_view raw, std::size_t depth = 0) {
  const std::string body{part.body(raw)};
  std::string out = line_of(depth, part.type, part.parts.empty() ? &body : nullptr);
  for (const Part& child : part.parts) out += ours(child, raw, depth + 1);
  return out;
}

std::string theirs(const mimetic::MimeEntity& entity, std::size_t depth = 0) {
  const mimetic::ContentType& type = entity.header().contentType();
  const std::string named{(type.type() + "/" + type.subtype()).c_str()};
  const auto& parts = entity.body().parts();
  std::string out = line_of(depth, type.type().empty() ? "text/plain" : to_lower(named),
                            parts.empty() ? &entity.body() : nullptr);
  for (const mimetic::MimeEntity* child : parts) out += theirs(*child, depth + 1);
  return out;
}

std::string read_by_us(const std::string& raw) { return ours(split_parts(raw).root, raw); }

std::string read_by_mimetic(const std::string& raw) {
  if (raw.size() > kMostBytes) throw std::invalid_argument{"more than mimetic holds"};
  std::istringstream in{raw};
  return theirs(mimetic::MimeEntity{in});
}

/// Writes mails that no reader may understand differently: every multipart has parts and is closed,
/// no line of a body begins like a delimiter.
class Writer {
 public:
  explicit Writer(unsigned seed) : random_{seed} {}

  std::string mail() {
    boundaries_ = 0;
    std::string raw = "Subject: x\n" + part(one_of<std::size_t>({0, 1, 2, 3, 3, 6}));
    if (raw.back() != '\n') raw += '\n';
    return random_() % 2 == 0 ? raw : replace_all(raw, "\n", "\r\n");
  }

 private:
  template <typename T>
  T one_of(std::initializer_list<T> choices) {
    return *(choices.begin() + random_() % choices.size());
  }

  std::string part(std::size_t depth) {
    if (depth == 0 || random_() % 4 == 0) return leaf();
    if (random_() % 5 == 0)
      return field("Content-Type: message/rfc822") + "\nSubject: inner\n" + part(depth - 1);
    return multipart(depth);
  }

  std::string leaf() {
    return field(one_of<const char*>(
               {"Content-Type: text/plain", "Content-Type: TEXT/HTML; charset=utf-8",
                "content-type:image/png;\n name=\"a b.png\"", "Content-Disposition: inline",
                "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64"})) +
           "\n" + text();
  }

  std::string multipart(std::size_t depth) {
    // Of one length, so that none begins like another.
    const std::string digits = std::to_string(1000 + boundaries_++);
    const std::string boundary =
        one_of<const char*>({"b", "----=_Part_", "a b'()+_,-./:=?", "=_"}) + digits;
    const std::string declared =
        boundary.find_first_of(" '()+,/:=?") == std::string::npos && random_() % 2 == 0
            ? boundary
            : '"' + boundary + '"';
    const bool is_digest = random_() % 6 == 0;
    const std::string kind =
        is_digest ? "digest" : one_of<const char*>({"mixed", "alternative", "related", "Signed"});
    std::string out = field("Content-Type: multipart/" + kind + ";" +
                            one_of<const char*>({" ", "\n\t", " charset=utf-8; "}) +
                            one_of<const char*>({"boundary", "Boundary"}) + "=" + declared);
    out += "\n" + one_of<std::string>({"", "preamble\n", "--\n\n", text() + "\n"});
    for (auto parts = 1 + random_() % 4; parts > 0; --parts) {
      out += "--" + boundary + one_of<const char*>({"", "", " \t"}) + "\n";
      out += is_digest ? field("Content-Type: message/rfc822") + "\nSubject: one\n" + leaf()
                       : part(depth - 1);
      out += "\n";
    }
    return out + "--" + boundary + "--\n" +
           one_of<std::string>({"", "\n", "over\n--" + boundary + "\n"});
  }

  /// A field, with others around it now and then.
  std::string field(const std::string& that) {
    return one_of<const char*>({"", "", "X-One: 1\n folded\n"}) + that + "\n" +
           one_of<const char*>({"", "", "Content-Description: --b1000\n"});
  }

  std::string text() {
    std::string out;
    for (auto lines = random_() % 6; lines > 0; --lines)
      out += one_of<std::string>({"", "text", "-", "--", "--x", "- --b1000", "x: y", "Grüße \xFF",
                                  std::string(1, '\0'), std::string(300, 'a'), "ends in --"}) +
             (lines > 1 ? "\n" : one_of<const char*>({"", "\n"}));
    return out;
  }

  std::mt19937 random_;
  std::size_t boundaries_ = 0;
};

TEST(MimeticTree, IsOurTreeOfWellFormedMails) {
  Writer writer{20261124};
  std::map<std::string, int> met;
  for (int round = 0; round < 1000; ++round) {
    const std::string raw = writer.mail();
    const std::string read = read_by_us(raw);
    ASSERT_EQ(read, read_by_mimetic(raw)) << raw;
    met["parts"] += static_cast<int>(std::count(read.begin(), read.end(), '\n'));
    for (const char* what : {"multipart/", "message/rfc822", "\n          "})
      met[what] += read.find(what) != std::string::npos;
  }
  EXPECT_GT(met["parts"], 5000);
  EXPECT_GT(met["multipart/"], 400);
  EXPECT_GT(met["message/rfc822"], 200);
  EXPECT_GT(met["\n          "], 50) << "five levels deep";
}

/// Where mimetic reads a mail of the corpus in another way, and why ours is right.
struct Disagreement {
  const char* mail;
  std::string ours, theirs;
  const char* why;
};
const Disagreement kDisagreements[] = {
    {"missing-closing-boundary", "application/pdf \"JVBERi0xLjQ=\"",
     "application/pdf \"JVBERi0xLjQ=\\n\"",
     "The line end before a delimiter belongs to the delimiter (RFC 2046 5.1.1), also to one that "
     "was lost; mimetic knows that of delimiters that are there. Python's package reads as we do."},
};

TEST(MimeticTree, IsOurTreeOfTheCorpusButForWhatIsNamed) {
  std::map<std::string, std::string> corpus;
  for (const auto& entry : fs::directory_iterator{"tests/corpus"}) {
    if (entry.path().extension() != ".eml") continue;
    std::ostringstream raw;
    raw << std::ifstream{entry.path(), std::ios::binary}.rdbuf();
    corpus[entry.path().stem()] = raw.str();
  }
  EXPECT_GE(corpus.size(), 40U);
  for (const Disagreement& row : kDisagreements) {
    SCOPED_TRACE(std::string{row.mail} + ": " + row.why);
    ASSERT_TRUE(corpus.contains(row.mail));
    const std::string us = read_by_us(corpus[row.mail]), them = read_by_mimetic(corpus[row.mail]);
    EXPECT_NE(us, them) << "the row is out of date";
    EXPECT_EQ(replace_all(us, row.ours, row.theirs), them) << "and nothing else differs";
    corpus.erase(row.mail);
  }
  for (const auto& [name, raw] : corpus)
    for (const char* ending : {"\n", "\r\n"}) {
      const std::string mail = replace_all(raw, "\n", ending);
      EXPECT_EQ(read_by_us(mail), read_by_mimetic(mail)) << name;
    }
}

}  // namespace
}  // namespace trust::mail
