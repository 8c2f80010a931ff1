#include "lib/config/groups.h"

#include <fmt/format.h>

#include <charconv>

namespace trust::config {

namespace {

/// A text of the file, read by `parse`.
template <class Value, class Parse>
Status read_parsed(const Given& given, Value& into, Parse parse) {
  std::string text;
  if (Status read = read_value(given, text); !read) return read;
  auto parsed = parse(text);
  if (!parsed) return parsed.error();
  static_cast<std::remove_reference_t<decltype(*parsed)>&>(into) = *std::move(parsed);
  return ok();
}

std::optional<Problem> check_secret(std::string_view prefix, const Url& url,
                                    const std::string& password_file,
                                    const std::optional<Oauth>& oauth) {
  if (!password_file.empty() && oauth)
    return Problem{fmt::format("{}.oauth", prefix),
                   "there beside password_file; keep the one that the server wants"};
  if (url.user.empty() || !password_file.empty() || oauth) return {};
  return Problem{fmt::format("{}.password_file", prefix),
                 "missing; add it, for example \"password_file\": "
                 "\"/etc/trust-mail/password\", or oauth"};
}

}  // namespace

Status read_value(const Given& given, ImapUrl& into) {
  if (Status read = read_parsed(given, into,
                                [](std::string_view text) {
                                  return parse_url(text, {"imaps", "imap"});
                                });
      !read)
    return read;
  if (into.user.empty())
    return Error{Fault::invalid, "names no user; write imaps://USER@HOST, an @ in USER as %40"};
  if (into.path.size() > 1) return Error{Fault::invalid, "names a folder; folders stand in watch"};
  return ok();
}

Status read_value(const Given& given, SmtpUrl& into) {
  if (Status read = read_parsed(given, into,
                                [](std::string_view text) {
                                  return parse_url(text, {"smtps", "smtp"});
                                });
      !read)
    return read;
  if (into.path.size() > 1)
    return Error{Fault::invalid, "holds a path; write smtps://USER@HOST:PORT and no more"};
  return ok();
}

Status read_value(const Given& given, WebUrl& into) {
  if (Status read = read_parsed(given, into,
                                [](std::string_view text) {
                                  return parse_url(text, {"https", "http"});
                                });
      !read)
    return read;
  if (!into.user.empty()) return Error{Fault::invalid, "names a user; leave it away"};
  return ok();
}

Status read_value(const Given& given, std::optional<WebUrl>& into) {
  into.reset();
  if (given.type == Given::Type::null) return ok();
  WebUrl url;
  if (Status read = read_value(given, url); !read) return read;
  into = std::move(url);
  return ok();
}

Status read_value(const Given& given, StoreUrl& into) {
  std::string text;
  if (Status read = read_value(given, text); !read) return read;
  constexpr std::string_view kPostgres = "postgresql://";
  if (text.starts_with(kPostgres)) {
    const std::string_view rest = std::string_view{text}.substr(kPostgres.size());
    const std::string_view authority = rest.substr(0, std::min(rest.find('/'), rest.size()));
    const auto at = authority.rfind('@');
    if ((at != std::string_view::npos && authority.substr(0, at).find(':') != at &&
         authority.substr(0, at).find(':') != std::string_view::npos) ||
        rest.find("password=") != std::string_view::npos)
      return Error{Fault::invalid,
                   "holds a password; write it into a file and name that with password_file"};
  } else if (!text.starts_with("sqlite:") || text.size() == std::string_view{"sqlite:"}.size()) {
    return Error{
        Fault::invalid,
        "not a store; write \"sqlite:/path/to/file.db\" or \"postgresql://USER@HOST/NAME\""};
  }
  into.text = std::move(text);
  return ok();
}

Status read_value(const Given& given, MailFrom& into) {
  std::string text;
  if (Status read = read_value(given, text); !read) return read;
  if (text == "now") {
    into = {MailFrom::Kind::now, {}};
  } else if (text == "all") {
    into = {MailFrom::Kind::all, {}};
  } else if (const Result<UtcDay> day = parse_iso_day(text)) {
    into = {MailFrom::Kind::date, UtcTime{*day}};
  } else {
    return Error{Fault::invalid, "write \"now\", \"all\" or a date like \"2026-11-24\""};
  }
  return ok();
}

Status read_value(const Given& given, TimeOfDay& into) {
  std::string text;
  if (Status read = read_value(given, text); !read) return read;
  int hours = 0, minutes = 0;
  const auto is_two_digits = [&](std::size_t at, int& value) {
    const char* const end = text.data() + at + 2;
    const auto [stopped, failed] = std::from_chars(text.data() + at, end, value);
    return failed == std::errc{} && stopped == end && value >= 0;
  };
  if (text.size() != 5 || text[2] != ':' || !is_two_digits(0, hours) ||
      !is_two_digits(3, minutes) || hours > 23 || minutes > 59)
    return Error{Fault::invalid, "not a time of day; write one like \"08:00\", UTC"};
  into.since_midnight = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  return ok();
}

Status read_value(const Given& given, ListenAddress& into) {
  return read_parsed(given, into, parse_listen_address);
}

std::optional<Problem> check_login(std::string_view prefix, const ImapSettings& imap) {
  if (imap.url.text.empty()) return {};
  return check_secret(prefix, imap.url, imap.password_file, imap.oauth);
}

std::optional<Problem> check_login(std::string_view prefix, const SmtpSettings& smtp) {
  if (smtp.url.user.empty() &&
      (!smtp.url.is_loopback() || !smtp.password_file.empty() || smtp.oauth))
    return Problem{fmt::format("{}.url", prefix),
                   "names no user to log in as; write smtps://USER@HOST, an @ in USER as %40"};
  return check_secret(prefix, smtp.url, smtp.password_file, smtp.oauth);
}

}  // namespace trust::config
