#include "lib/config/groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"

namespace trust::config {

namespace {

Status read_url(const Given& given, Url& into, std::initializer_list<std::string_view> schemes) {
  std::string text;
  if (Status read = read_value(given, text); !read) return read;
  Result<Url> parsed = parse_url(text, schemes);
  if (!parsed) return parsed.error();
  into = *std::move(parsed);
  return ok();
}

std::optional<Problem> check_secret(std::string_view prefix, const Url& url,
                                    const std::string& password_file,
                                    const std::optional<Oauth>& oauth) {
  if (oauth)
    return Problem{fmt::format("{}.oauth", prefix), "not yet supported; use password_file"};
  if (url.user.empty() || !password_file.empty()) return {};
  return Problem{fmt::format("{}.password_file", prefix),
                 "missing; add it, for example \"password_file\": "
                 "\"/etc/trust-mail/password\""};
}

}  // namespace

Status read_value(const Given& given, ImapUrl& into) {
  if (Status read = read_url(given, into, {"imaps", "imap"}); !read) return read;
  if (into.user.empty())
    return Error{Fault::invalid, "names no user; write imaps://USER@HOST, an @ in USER as %40"};
  if (into.path.size() > 1) return Error{Fault::invalid, "names a folder; folders stand in watch"};
  return ok();
}

Status read_value(const Given& given, SmtpUrl& into) {
  if (Status read = read_url(given, into, {"smtps", "smtp"}); !read) return read;
  if (into.path.size() > 1)
    return Error{Fault::invalid, "holds a path; write smtps://USER@HOST:PORT and no more"};
  return ok();
}

Status read_value(const Given& given, WebUrl& into) {
  if (Status read = read_url(given, into, {"https", "http"}); !read) return read;
  if (!into.user.empty()) return Error{Fault::invalid, "names a user; leave it away"};
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
  const auto hours = number_of<unsigned>(text.substr(0, 2));
  const auto minutes =
      number_of<unsigned>(std::string_view{text}.substr(std::min<std::size_t>(text.size(), 3)));
  if (text.size() != 5 || text[2] != ':' || !hours || !minutes || *hours > 23 || *minutes > 59)
    return Error{Fault::invalid, "not a time of day; write one like \"08:00\", UTC"};
  into.since_midnight = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return ok();
}

Status read_value(const Given& given, ListenAddress& into) {
  std::string text;
  if (Status read = read_value(given, text); !read) return read;
  Result<ListenAddress> parsed = parse_listen_address(text);
  if (!parsed) return parsed.error();
  into = *std::move(parsed);
  return ok();
}

bool make_strict(std::string& address) {
  Result<std::string> strict = mail::strict_address(address);
  if (!strict) return false;
  address = *std::move(strict);
  return true;
}

std::optional<Problem> check_staff(std::vector<Person>& staff) {
  if (staff.empty())
    return Problem{"staff", "empty; write at least one, like [{\"address\": \"ana@example.org\"}]"};
  std::vector<std::string> seen;
  for (Person& person : staff) {
    const std::string place = fmt::format("entry {}: address: ", seen.size() + 1);
    if (!make_strict(person.address))
      return Problem{"staff", place + "not a plain address like ana@example.org"};
    if (std::find(seen.begin(), seen.end(), person.address) != seen.end())
      return Problem{"staff", place + "there twice; remove one of them"};
    seen.push_back(person.address);
  }
  return {};
}

std::vector<std::string> addresses_of(const std::vector<Person>& staff) {
  std::vector<std::string> addresses;
  addresses.reserve(staff.size());
  for (const Person& person : staff) addresses.push_back(person.address);
  return addresses;
}

std::optional<Problem> check_token_address(std::string key, const std::string& pattern) {
  const std::string address = replace_all(pattern, "{token}", std::string(34, 'a'));
  if (address != pattern && mail::strict_address(address)) return {};
  return Problem{std::move(key),
                 "not an address with {token}; write one like \"name+{token}@example.org\", before "
                 "the @ at most 37 characters, {token} included"};
}

std::optional<Problem> check_login(std::string_view prefix, const ImapSettings& imap) {
  if (imap.url.text.empty()) return {};
  return check_secret(prefix, imap.url, imap.password_file, imap.oauth);
}

std::optional<Problem> check_login(std::string_view prefix, SmtpSettings& smtp) {
  if (smtp.url.user.empty() &&
      (!smtp.url.is_loopback() || !smtp.password_file.empty() || smtp.oauth))
    return Problem{fmt::format("{}.url", prefix),
                   "names no user to log in as; write smtps://USER@HOST, an @ in USER as %40"};
  if (smtp.connections < 1 || smtp.connections > 50)
    return Problem{fmt::format("{}.connections", prefix), "write a number from 1 to 50"};
  if (smtp.divert && !make_strict(*smtp.divert))
    return Problem{fmt::format("{}.divert", prefix),
                   "not a plain address; write one like trial@example.org"};
  return check_secret(prefix, smtp.url, smtp.password_file, smtp.oauth);
}

}  // namespace trust::config
