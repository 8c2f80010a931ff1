#include "lib/smtp/session.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::smtp {

namespace {

using mail::Outcome;
using mail::SendResult;
using std::chrono::steady_clock;

constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::string_view kEndOfMail = "\r\n.\r\n";
constexpr int kServiceClosing = 421;
constexpr int kAuthenticationRequired = 530;  // RFC 4954 6

SendResult answer(Outcome outcome, const Reply& reply) {
  return {.outcome = outcome, .code = reply.code, .status = reply.status, .reply = reply.words()};
}

/// A mail that cannot be handed to this relay at all; nothing was said on the wire.
SendResult impossible(int code, std::string_view status, std::string_view why) {
  return {.outcome = Outcome::failed,
          .code = code,
          .status = std::string{status},
          .reply = std::string{why}};
}

}  // namespace

std::string to_wire(std::string_view message) {
  std::string wire;
  wire.reserve(message.size() + message.size() / 32 + 2);
  std::size_t at = 0;
  while (at < message.size()) {
    const std::size_t end = std::min(message.find_first_of("\r\n", at), message.size());
    if (message[at] == '.') wire += '.';
    wire += message.substr(at, end - at);
    if (end == message.size()) break;
    at = end + (message.substr(end, 2) == "\r\n" ? 2 : 1);
    if (at < message.size()) wire += "\r\n";
  }
  return wire;
}

Result<std::unique_ptr<Session>> Session::open(std::unique_ptr<net::Stream> stream,
                                               std::string_view ehlo_name, Patience patience) {
  std::unique_ptr<Session> session{new Session{std::move(stream), patience}};
  const Status greeted = session->greet(ehlo_name.empty() ? net::kUnnamedHost : ehlo_name);
  if (!greeted) return greeted.error();
  return session;
}

Status Session::greet(std::string_view ehlo_name) {
  const Result<Reply> hello = command("EHLO " + std::string{ehlo_name});
  if (!hello) return hello.error();
  if (!hello->is_positive())
    return Error{Fault::unavailable, "the relay does not take mail now; try again later"};
  for (const std::string& line : hello->lines) {
    const auto words = split(line, ' ');
    if (equals_ignoring_case(words[0], "8BITMIME")) offers_8bit_ = true;
    if (!equals_ignoring_case(words[0], "SIZE")) continue;
    offers_size_ = true;
    if (words.size() > 1) size_limit_ = number_of<std::uint64_t>(words[1]).value_or(0);
  }
  return ok();
}

Result<Reply> Session::read_reply(Milliseconds within) {
  const Deadline deadline = steady_clock::now() + within;
  ReplyParser parser;
  for (;;) {
    ahead_.erase(0, parser.feed(ahead_));
    if (parser.state() == ReplyParser::State::complete) return parser.reply();
    usable_ = false;
    if (parser.state() == ReplyParser::State::unreadable)
      return Error{Fault::unavailable, "the relay's answer cannot be read; is this an SMTP port?"};
    Result<std::string> bytes = stream_->receive(kChunkBytes, deadline);
    if (!bytes) return bytes.error();
    if (bytes->empty()) return Error{Fault::unavailable, "the relay hung up"};
    usable_ = true;
    ahead_ += *bytes;
  }
}

Result<Reply> Session::command(std::string_view line) {
  const Status sent =
      stream_->send(std::string{line} + "\r\n", steady_clock::now() + patience_.reply);
  if (!sent) {
    usable_ = false;
    return sent.error();
  }
  Result<Reply> reply = read_reply(patience_.reply);
  if (reply && reply->code == kServiceClosing) usable_ = false;
  return reply;
}

bool Session::is_usable() { return usable_ && !has_spoken(); }

SendResult Session::relay_failed(Fault fault) {
  usable_ = false;
  return {.outcome = Outcome::relay, .fault = fault, .under_way = true};
}

SendResult Session::relay_failed(const Reply& reply) {
  usable_ = false;
  SendResult result = answer(Outcome::relay, reply);
  result.under_way = true;
  return result;
}

/// An answer other than the one that goes on, before the end of the mail. The connection is kept.
SendResult Session::refused(const Reply& reply) {
  if (!reply.is_refusal() || reply.code == kServiceClosing || reply.code == kAuthenticationRequired)
    return relay_failed(reply);
  return counted(reply);
}

SendResult Session::counted(const Reply& refusal) {
  const Result<Reply> reset = command("RSET");
  if (!reset || !reset->is_positive()) usable_ = false;
  return answer(refusal.code / 100 == 4 ? Outcome::deferred : Outcome::failed, refusal);
}

/// The relay spoke while the mail was on its way: whatever it said, the end must not leave. Its
/// refusal is this mail's; anything else is the relay's own trouble.
SendResult Session::interrupted() {
  const Result<Reply> reply = read_reply(patience_.reply);
  usable_ = false;
  if (!reply) return relay_failed();
  if (!reply->is_refusal() || reply->code == kServiceClosing) return relay_failed(*reply);
  return answer(reply->code / 100 == 4 ? Outcome::deferred : Outcome::failed, *reply);
}

SendResult Session::send(const mail::Envelope& envelope, std::string_view message,
                         const mail::Transport::BeforeDot& before_dot) {
  // A relay that drops NULs would see an end of mail where we sent none.
  if (message.find('\0') != std::string_view::npos)
    return impossible(554, "5.6.0", "the message holds a NUL");
  const bool is_8bit = std::any_of(message.begin(), message.end(),
                                   [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (is_8bit && !offers_8bit_)
    return impossible(554, "5.6.3", "the message is 8-bit and the relay takes 7-bit only");
  const std::string wire = to_wire(message);
  if (size_limit_ != 0 && wire.size() > size_limit_)
    return impossible(552, "5.3.4", "the message is larger than the relay's limit");

  std::string mail_from = "MAIL FROM:<" + envelope.from + ">";
  if (offers_size_) mail_from += " SIZE=" + std::to_string(wire.size() + 2);
  if (is_8bit) mail_from += " BODY=8BITMIME";
  const Result<Reply> from = command(mail_from);
  if (!from) return relay_failed();
  if (!from->is_positive()) return refused(*from);
  const Result<Reply> to = command("RCPT TO:<" + envelope.to + ">");
  if (!to) return relay_failed();
  if (!to->is_positive()) return refused(*to);
  const Result<Reply> data = command("DATA");
  if (!data) return relay_failed();
  if (data->code != 354) return refused(*data);

  for (std::string_view rest = wire; !rest.empty();) {
    if (has_spoken()) return interrupted();
    const std::string_view chunk = rest.substr(0, kChunkBytes);
    if (!stream_->send(chunk, steady_clock::now() + patience_.reply)) return relay_failed();
    rest.remove_prefix(chunk.size());
  }
  if (has_spoken()) return interrupted();
  if (!before_dot()) {
    usable_ = false;
    return {.outcome = Outcome::held_back};
  }
  // An answer that is there before the end has left is not the answer to it.
  if (has_spoken()) return interrupted();
  return after_dot();
}

// From the first octet on the mail may be theirs, whatever happens to the rest. If we die here,
// then the row stands as `sending` and becomes uncertain.
SendResult Session::after_dot() {
  if (!stream_->send(kEndOfMail, steady_clock::now() + patience_.reply)) {
    usable_ = false;
    return {.outcome = Outcome::uncertain};
  }
  const Result<Reply> reply = read_reply(patience_.dot);
  if (!reply) return {.outcome = Outcome::uncertain};
  if (reply->is_positive()) return answer(Outcome::accepted, *reply);
  if (reply->code == kServiceClosing) return relay_failed(*reply);
  if (reply->is_refusal()) return counted(*reply);
  usable_ = false;
  return answer(Outcome::uncertain, *reply);
}

void Session::quit() {
  if (!is_usable()) return;
  patience_.reply = std::min(patience_.reply, Milliseconds{2000});
  static_cast<void>(command("QUIT").has_value());
  usable_ = false;
}

}  // namespace trust::smtp
