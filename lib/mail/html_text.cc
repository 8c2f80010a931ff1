#include "lib/mail/html_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/html/reader.h"

namespace trust::mail {

namespace {

constexpr int kMaxDepth = 20;          ///< of quotations and lists; deeper ones look like this one
constexpr std::size_t kMaxUrl = 2000;  ///< bytes, and of a style

constexpr std::string_view kBlocks =
    "address|article|aside|body|caption|center|dd|details|div|dl|dt|fieldset|figcaption|figure|"
    "footer|form|header|legend|main|nav|option|section|summary|table|tbody|tfoot|thead|tr";
constexpr std::string_view kSchemes = "https://|http://|mailto:";
constexpr std::string_view kParagraphs = "p|h1|h2|h3|h4|h5|h6";

/// Lines with their quotation marks and indents; white space is collapsed as it arrives.
class Lines {
 public:
  void text(std::string_view raw);
  void verbatim(std::string_view ready) {
    open_line();
    out_ += ready;
  }
  void space() { space_ = true; }
  /// At least so many line ends before what comes next; two make one blank line.
  void break_line(int ends) {
    ends_ = std::max(ends_, ends);
    hard_spaces_ = 0;
    space_ = false;
  }
  void one_more_line() { ends_ = std::min(ends_ + 1, 2); }
  void item(std::string_view mark) {
    break_line(1);
    mark_ = mark;
  }

  void end_item() { mark_.clear(); }

  std::string& out() { return out_; }
  void cut(std::size_t length) {
    out_.resize(length);
    begun_ = begun_ && length > 0;
  }
  std::string finish() {
    while (!out_.empty() && (out_.back() == ' ' || out_.back() == '\n')) out_.pop_back();
    if (!out_.empty()) out_ += '\n';
    return std::move(out_);
  }

  int quotes = 0, lists = 0, preformatted = 0;

 private:
  void open_line();

  std::string out_, mark_;
  int ends_ = 0, quotes_before_ = 0;
  int hard_spaces_ = 0;
  bool space_ = false, begun_ = false;
};

void Lines::open_line() {
  const int deep = std::min(quotes, kMaxDepth);
  if (ends_ > 0 || !begun_) {
    if (begun_) {
      while (!out_.empty() && out_.back() == ' ') out_.pop_back();
      out_ += '\n';
      if (ends_ > 1) {
        for (int i = 0; i < std::min(deep, quotes_before_); ++i) out_ += '>';
        out_ += '\n';
      }
    }
    for (int i = 0; i < deep; ++i) out_ += "> ";
    if (lists > 1 || (lists > 0 && mark_.empty()))
      out_.append(
          static_cast<std::size_t>(std::min(lists, kMaxDepth) - (mark_.empty() ? 0 : 1)) * 2, ' ');
    space_ = false;
  }
  out_ += mark_;
  mark_.clear();
  if (space_) out_ += ' ';
  out_.append(static_cast<std::size_t>(hard_spaces_), ' ');
  hard_spaces_ = ends_ = 0;
  space_ = false;
  begun_ = true;
  quotes_before_ = deep;
}

void Lines::text(std::string_view raw) {
  for (std::size_t i = 0; i < raw.size();) {
    const char c = raw[i];
    if (c == '\n' && preformatted > 0) {
      if (ends_ > 0 || !begun_) open_line();
      one_more_line();
      ++i;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      if (preformatted > 0 && c != '\r')
        hard_spaces_ = std::min(hard_spaces_ + 1, 200);
      else
        space_ = true;
      ++i;
      continue;
    }
    if (raw.substr(i, 2) == "\xC2\xA0") {  // a space that is not collapsed
      hard_spaces_ = std::min(hard_spaces_ + (space_ ? 2 : 1), 200);
      space_ = false;
      i += 2;
      continue;
    }
    if (ends_ > 0 || space_ || hard_spaces_ > 0 || !begun_ || !mark_.empty()) open_line();
    const std::size_t end = std::min(raw.find_first_of(" \t\n\r\f\xC2", i + 1), raw.size());
    out_ += raw.substr(i, end - i);
    i = end;
  }
}

/// Whether the writer meant a reader not to see the element.
bool is_hidden(const html::Token& tag) {
  if (tag.name == "template") return true;
  if (tag.attributes.empty()) return false;
  if (std::any_of(tag.attributes.begin(), tag.attributes.end(),
                  [](const html::Attribute& a) { return a.name == "hidden"; }))
    return true;
  std::string style;
  for (const char c : to_lower(cut_utf8(tag.attribute("style"), kMaxUrl)))
    if (!is_space(c)) style += c;
  std::string color, background = to_lower(tag.attribute("bgcolor"));
  bool no_height = false, clipped = false;
  for (std::string_view rule : split(style, ';')) {
    if (const std::size_t end = rule.find('!'); end != std::string_view::npos)
      rule = rule.substr(0, end);
    const std::size_t colon = std::min(rule.find(':'), rule.size());
    const std::string_view name = rule.substr(0, colon);
    const std::string_view value = rule.substr(std::min(colon + 1, rule.size()));
    const bool nothing = equals_any(value, "0|0px|0pt|0em|0%|0.0");
    if ((name == "display" && value == "none") ||
        (name == "visibility" && (value == "hidden" || value == "collapse")) ||
        (name == "mso-hide" && value == "all") ||
        ((name == "font-size" || name == "opacity") && nothing) ||
        (name == "font-size" && value == "1px"))
      return true;
    if (equals_any(name, "max-height|height|max-width|width")) no_height = no_height || nothing;
    if (name == "overflow") clipped = value == "hidden";
    if (name == "color") color = value;
    if (name == "background-color" || name == "background") background = value;
  }
  const auto plain = [](std::string_view c) {
    return equals_any(c, "#fff|#ffffff|rgb(255,255,255)") ? std::string_view{"white"}
           : equals_any(c, "#000|#000000|rgb(0,0,0)")     ? std::string_view{"black"}
                                                          : c;
  };
  return (no_height && clipped) || (!color.empty() && plain(color) == plain(background));
}

/// White space and the invisible characters that fill the preview line of newsletters.
bool is_blank(std::string_view text) {
  constexpr std::array<std::string_view, 8> kUnseen{"\u200B", "\u200C", "\u200D", "\uFEFF",
                                                    "\u00AD", "\u034F", "\u2007", "\u200E"};
  while (!text.empty()) {
    if (text[0] == ' ' || text[0] == '\n' || text[0] == '>') {
      text.remove_prefix(1);
      continue;
    }
    const auto* const found = std::find_if(kUnseen.begin(), kUnseen.end(), [&](std::string_view u) {
      return text.substr(0, u.size()) == u;
    });
    if (found == kUnseen.end()) return false;
    text.remove_prefix(found->size());
  }
  return true;
}

class Reading {
 public:
  explicit Reading(std::string_view html) : reader_{html} {}

  std::string read() {
    while (const std::optional<html::Token> token = reader_.next()) {
      if (token->is_start("title"))
        in_title_ = true;
      else if (token->type != html::Token::Type::text)
        in_title_ = false;
      if (token->type == html::Token::Type::start)
        start(*token);
      else if (token->type == html::Token::Type::end)
        end(token->name);
      else if (!in_title_)
        lines_.text(token->text);
    }
    end_link();
    end_hidden();
    return lines_.finish();
  }

 private:
  void start(const html::Token& tag);
  void end(std::string_view name);
  void start_hidden(const html::Token& tag);
  void end_hidden();
  void start_link(const html::Token& tag);
  void end_link();

  html::Reader reader_;
  Lines lines_;
  bool in_title_ = false;
  std::vector<int> numbers_;  ///< of each open list: the next number, 0 = bullets

  std::string link_;
  std::size_t link_at_ = 0;

  std::string hidden_;  ///< the element that hides; "" = none
  int hidden_depth_ = 0;
  std::size_t hidden_at_ = 0;
};

void Reading::start_hidden(const html::Token& tag) {
  if (!hidden_.empty()) {
    if (tag.name == hidden_) ++hidden_depth_;
    return;
  }
  if (html::is_void_element(tag.name) || !is_hidden(tag)) return;
  hidden_ = tag.name;
  hidden_depth_ = 1;
  hidden_at_ = lines_.out().size();
}

void Reading::end_hidden() {
  if (hidden_.empty()) return;
  hidden_.clear();
  std::string& out = lines_.out();
  if (out.size() <= hidden_at_) return;
  if (is_blank(std::string_view{out}.substr(hidden_at_))) {
    lines_.cut(hidden_at_);
    return;
  }
  const std::size_t first = out.find_first_not_of(" \n>", hidden_at_);
  out.insert(first, "[hidden text: ");
  out += ']';
}

void Reading::start_link(const html::Token& tag) {
  end_link();
  link_.clear();
  for (const char c : cut_utf8(trim(tag.attribute("href")), kMaxUrl))
    if (!is_control(c) && c != ' ' && c != '<' && c != '>') link_ += c;
  link_at_ = lines_.out().size();
}

void Reading::end_link() {
  if (link_.empty()) return;
  const std::string url = std::exchange(link_, {});
  if (url[0] == '#') return;
  const std::string_view words =
      trim(std::string_view{lines_.out()}.substr(std::min(link_at_, lines_.out().size())));
  const auto bare = [](std::string_view u) {
    any_word(kSchemes, [&](std::string_view scheme) {
      if (!starts_with_ignoring_case(u, scheme)) return false;
      u.remove_prefix(scheme.size());
      return true;
    });
    if (!u.empty() && u.back() == '/') u.remove_suffix(1);
    return u;
  };
  if (equals_ignoring_case(bare(words), bare(url))) return;
  const bool known = starts_with_any(url, kSchemes);
  if (!words.empty()) lines_.space();
  lines_.verbatim(known ? "<" + url + ">" : "[link: " + url + "]");
}

void Reading::start(const html::Token& tag) {
  const std::string& name = tag.name;
  // A paragraph ends where the next block begins.
  if (hidden_ == "p" && (equals_any(name, kParagraphs) || equals_any(name, kBlocks))) end_hidden();
  if (equals_any(name, kBlocks)) {
    lines_.break_line(1);
  } else if (equals_any(name, kParagraphs)) {
    lines_.break_line(2);
  } else if (name == "br") {
    lines_.one_more_line();
  } else if (name == "hr") {
    lines_.break_line(1);
    lines_.verbatim("----");
    lines_.break_line(1);
  } else if (name == "td" || name == "th") {
    lines_.space();
  } else if (name == "ul" || name == "ol") {
    lines_.break_line(lines_.lists == 0 ? 2 : 1);
    ++lines_.lists;
    if (numbers_.size() < kMaxDepth) numbers_.push_back(name == "ol" ? 1 : 0);
  } else if (name == "li") {
    const bool numbered = !numbers_.empty() && numbers_.back() > 0;
    lines_.item(numbered ? std::to_string(numbers_.back()++) + ". " : "- ");
  } else if (name == "blockquote") {
    lines_.break_line(2);
    ++lines_.quotes;
  } else if (name == "pre") {
    lines_.break_line(2);
    ++lines_.preformatted;
  } else if (name == "a") {
    start_link(tag);
  } else if (name == "img") {
    if (const std::string words = fold_space(tag.attribute("alt")); !words.empty())
      lines_.text("[" + words + "]");
  }
  start_hidden(tag);
}

void Reading::end(std::string_view name) {
  if (name == hidden_ && --hidden_depth_ == 0) end_hidden();
  if (name == "li" || name == "ul" || name == "ol") lines_.end_item();
  if (equals_any(name, kBlocks) || name == "li") {
    lines_.break_line(1);
  } else if (equals_any(name, kParagraphs)) {
    lines_.break_line(2);
  } else if (name == "ul" || name == "ol") {
    if (lines_.lists > 0 && static_cast<int>(numbers_.size()) >= lines_.lists--)
      numbers_.pop_back();
    lines_.break_line(lines_.lists == 0 ? 2 : 1);
  } else if (name == "blockquote") {
    lines_.quotes = std::max(0, lines_.quotes - 1);
    lines_.break_line(2);
  } else if (name == "pre") {
    lines_.preformatted = std::max(0, lines_.preformatted - 1);
    lines_.break_line(2);
  } else if (name == "a") {
    end_link();
  }
}

}  // namespace

std::string html_to_text(std::string_view html) { return Reading{html}.read(); }

}  // namespace trust::mail
