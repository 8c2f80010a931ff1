#include "lib/imap/session.h"

#include <algorithm>
#include <utility>

#include "lib/base/ascii.h"
#include "lib/base/id.h"
#include "lib/base/text.h"

namespace trust::imap {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kChunkBytes = 64U << 10U;
constexpr std::size_t kLongestQuoted = 1000;

Error gone(std::string_view what) { return {Fault::unavailable, "imap: " + std::string{what}}; }

void put_base64(std::string& out, std::u16string_view units) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
  std::uint32_t bits = 0;
  int held = 0;
  for (const char16_t unit : units) {
    bits = bits << 16U | unit;
    for (held += 16; held >= 6; held -= 6)
      out += kDigits[bits >> static_cast<unsigned>(held - 6) & 0x3FU];
  }
  if (held > 0) out += kDigits[bits << static_cast<unsigned>(6 - held) & 0x3FU];
}

/// The code point at `at` of valid UTF-8, moving `at` behind it.
char32_t take_point(std::string_view text, std::size_t& at) {
  const auto byte = [&] { return static_cast<unsigned char>(text[at++]); };
  const unsigned first = byte();
  if (first < 0x80) return first;
  int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  char32_t point = first & (0x3FU >> static_cast<unsigned>(more));
  for (; more > 0; --more) point = point << 6U | (byte() & 0x3FU);
  return point;
}

}  // namespace

Session::Session(std::unique_ptr<net::Stream> stream, Patience patience)
    : stream_{std::move(stream)},
      patience_{patience},
      tag_prefix_{"t" + to_lower(random_crockford(8))} {}

Session::~Session() {
  if (!stream_ || !alive_) return;
  const std::string line = tag_prefix_ + "z LOGOUT\r\n";
  if (!stream_->send(line, net::Stream::Deadline::clock::now() + 1s)) alive_ = false;
}

Result<Session> Session::start(std::unique_ptr<net::Stream> stream, Patience patience) {
  Session session{std::move(stream), patience};
  const Result<Ending> ended = session.command("CAPABILITY", [&](const Reply& reply) {
    if (!reply.is("CAPABILITY")) return;
    for (const Value& value : reply.values) {
      std::string name = value.text;
      for (char& c : name) c = upper(c);
      session.capabilities_.insert(std::move(name));
    }
  });
  if (!ended) return ended.error();
  if (!ended->ok) return gone("the server does not name its capabilities");
  return session;
}

/// How far an IDLE is: asked for -> begun ("+") -> done (we said so).
struct Session::Idle {
  using Deadline = net::Stream::Deadline;
  Deadline until;
  bool begun = false, done = false, news = false;

  bool is_over() const { return begun && !done && (news || Deadline::clock::now() >= until); }
};

Result<Ending> Session::command(std::string_view text, const OnReply& on_reply,
                                Allowance allowance) {
  return converse(text, on_reply, allowance, nullptr);
}

Result<bool> Session::idle(std::chrono::milliseconds span) {
  Idle idle{net::Stream::Deadline::clock::now() + span};
  const auto hear = [&](const Reply& reply) {
    idle.news |= reply.is("EXISTS") || reply.is("RECENT");
  };
  const Result<Ending> ended = converse("IDLE", hear, {}, &idle);
  if (!ended) return ended.error();
  if (!ended->ok) return Error{Fault::denied, "imap: the server does not let us wait for news"};
  return idle.news;
}

Result<Ending> Session::converse(std::string_view text, const OnReply& on_reply,
                                 Allowance allowance, Idle* idle) {
  using SteadyClock = net::Stream::Deadline::clock;
  if (!std::exchange(alive_, false)) return gone("the connection is gone");
  const std::string tag = tag_prefix_ + std::to_string(++commands_);
  auto start = SteadyClock::now();
  std::uint64_t received = 0;
  // What arrives earns more time, so the limit is a rate and not a size.
  const auto deadline = [&] {
    const auto earned = std::chrono::seconds{received / patience_.bytes_per_second};
    return std::min(SteadyClock::now() + patience_.silence, start + patience_.command + earned);
  };

  parser_.set_literal_bytes(allowance.literal_bytes);
  std::string line = tag;
  (line += ' ') += text;
  if (const Status sent = stream_->send(line + "\r\n", deadline()); !sent) return sent.error();

  Ending ending;
  for (;;) {
    Result<std::optional<Reply>> next = parser_.next();
    if (!next) return next.error();
    if (!*next) {
      const bool waits = idle != nullptr && idle->begun && !idle->done;
      if (idle != nullptr && idle->is_over()) {
        idle->done = true;
        start = SteadyClock::now();
        if (const Status sent = stream_->send("DONE\r\n", deadline()); !sent) return sent.error();
        continue;
      }
      if (received > allowance.bytes) return gone("the server sends more than was asked for");
      if (!waits && SteadyClock::now() >= deadline()) return gone("the server is too slow");
      const Result<std::string> bytes =
          stream_->receive(kChunkBytes, waits ? idle->until : deadline());
      if (!bytes && waits && idle->is_over()) continue;
      if (!bytes) return bytes.error();
      if (bytes->empty()) return gone("the server hung up");
      received += bytes->size();
      parser_.feed(*bytes);
      continue;
    }
    Reply& reply = **next;
    switch (reply.kind) {
      case Reply::Kind::continuation:
        if (idle != nullptr) idle->begun = true;
        break;
      case Reply::Kind::garbage: return gone("the server's reply breaks the protocol");
      case Reply::Kind::broken: ending.broken_fetch |= reply.word == "FETCH"; break;
      case Reply::Kind::untagged:
        if (reply.word == "BYE") return gone("the server said goodbye");
        on_reply(reply);
        break;
      case Reply::Kind::tagged:
        if (reply.tag != tag) return gone("the server answers a command that was not given");
        ending.ok = reply.word == "OK";
        ending.reply = std::move(reply);
        alive_ = true;
        return ending;
    }
  }
}

Result<std::string> quote(std::string_view text) {
  if (text.size() > kLongestQuoted)
    return Error{Fault::invalid, "imap: a name of over 1,000 bytes"};
  std::string quoted = "\"";
  for (const char c : text) {
    if (is_control(c)) return Error{Fault::invalid, "imap: a name with control characters"};
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

Result<std::string> to_mailbox_name(std::string_view utf8) {
  if (!is_valid_utf8(utf8)) return Error{Fault::invalid, "imap: a folder's name is not UTF-8"};
  std::string name;
  for (std::size_t at = 0; at < utf8.size();) {
    if (static_cast<unsigned char>(utf8[at]) < 0x80) {
      name += utf8[at];
      if (utf8[at] == '&') name += '-';
      ++at;
      continue;
    }
    std::u16string units;
    while (at < utf8.size() && static_cast<unsigned char>(utf8[at]) >= 0x80) {
      const char32_t point = take_point(utf8, at);
      if (point >= 0x10000) {
        units += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10U));
        units += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FFU));
      } else {
        units += static_cast<char16_t>(point);
      }
    }
    name += '&';
    put_base64(name, units);
    name += '-';
  }
  return name;
}

std::string to_uid_set(std::span<const std::uint32_t> uids) {
  std::string set;
  for (std::size_t i = 0; i < uids.size();) {
    std::size_t last = i;
    while (last + 1 < uids.size() && uids[last + 1] == uids[last] + 1) ++last;
    if (!set.empty()) set += ',';
    set += std::to_string(uids[i]);
    if (last > i) (set += ':') += std::to_string(uids[last]);
    i = last + 1;
  }
  return set;
}

}  // namespace trust::imap
