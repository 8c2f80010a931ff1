#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "lib/base/text.h"
#include "lib/net/stream.h"

namespace trust::test {

/// What an IMAP server that is well answers, for a few folders in memory.
struct WellImap {
  struct Mail {
    std::string raw;
    std::string arrived = "24-Nov-2026 11:00:00 +0000";
  };
  struct Folder {
    std::map<std::uint32_t, Mail> mails;
    std::string use = {};  ///< "\\Junk"
    std::uint32_t uidvalidity = 7;
  };
  std::map<std::string, Folder> folders{{"INBOX", {}}};
  std::string capabilities = "IMAP4rev1 IDLE UNSELECT SPECIAL-USE";
  std::string refusal;                       ///< "NOPERM": of every EXAMINE and STATUS
  std::string noise;                         ///< said before each reply, tagged ones as well
  std::map<std::uint32_t, std::string> odd;  ///< UID -> what is said in place of its FETCH body
  std::string open_folder;                   ///< EXAMINEd by the conversation that goes on

  static std::string quoted(const std::string& command) {
    const std::size_t from = command.find('"') + 1;
    return command.substr(from, command.find('"', from) - from);
  }
  static std::string body_of(std::uint32_t uid, const Mail& mail) {
    return fmt::format(
        "* 1 FETCH (UID {} RFC822.SIZE {} INTERNALDATE \"{}\" BODY[] {{{}}}\r\n{})\r\n", uid,
        mail.raw.size(), mail.arrived, mail.raw.size(), mail.raw);
  }

  std::string operator()(const std::string& command, const std::string& tag) {
    const std::string done = noise + tag + " OK done\r\n";
    const auto said = [&](const std::string& reply) { return noise + reply + "\r\n" + done; };
    if (command == "CAPABILITY") return said("* CAPABILITY " + capabilities);
    if (command.starts_with("LIST ")) {
      std::string all;
      for (const auto& [name, folder] : folders)
        all += noise + "* LIST (" + folder.use + ") \"/\" \"" + name + "\"\r\n";
      return all + done;
    }
    if (command == "IDLE") return noise + "+ idling\r\n";
    if (command == "DONE" || command == "UNSELECT") return done;
    const bool names_one = command.starts_with("EXAMINE ") || command.starts_with("STATUS ");
    if (names_one && !refusal.empty()) return tag + " NO [" + refusal + "] no\r\n";
    const std::string name = names_one ? quoted(command) : open_folder;
    const auto found = folders.find(name);
    if (found == folders.end()) return tag + " NO no such folder\r\n";
    const auto& mails = found->second.mails;
    const std::uint32_t next = mails.empty() ? 1 : mails.rbegin()->first + 1;
    if (command.starts_with("STATUS "))
      return said(fmt::format("* STATUS \"{}\" (MESSAGES {} UIDNEXT {} UIDVALIDITY {})", name,
                              mails.size(), next, found->second.uidvalidity));
    if (command.starts_with("EXAMINE ")) {
      open_folder = name;
      return said(fmt::format("* {} EXISTS\r\n* OK [UIDVALIDITY {}] v\r\n* OK [UIDNEXT {}] n",
                              mails.size(), found->second.uidvalidity, next));
    }
    if (command.starts_with("UID SEARCH ")) {
      std::string uids = "* SEARCH";
      for (const auto& [uid, mail] : mails) uids += " " + std::to_string(uid);
      return said(uids);
    }
    if (!command.starts_with("UID FETCH ")) return tag + " BAD what?\r\n";
    std::string all;
    const bool wants_bytes = command.find("BODY.PEEK[]") != std::string::npos;
    for (const auto& [uid, mail] : mails) {
      if (!names(command.substr(10, command.find(' ', 10) - 10), uid)) continue;
      if (!wants_bytes)
        all += noise + fmt::format("* 1 FETCH (UID {} RFC822.SIZE {} INTERNALDATE \"{}\")\r\n", uid,
                                   mail.raw.size(), mail.arrived);
      else
        all += noise + (odd.contains(uid) ? odd[uid] : body_of(uid, mail));
    }
    return all + done;
  }

 private:
  static bool names(const std::string& set, std::uint32_t uid) {
    for (std::size_t at = 0; at < set.size();) {
      const std::size_t end = std::min(set.find(',', at), set.size());
      const std::string range = set.substr(at, end - at);
      const std::size_t colon = range.find(':');
      const auto first = std::stoul(range);
      const auto last = colon == std::string::npos ? first : std::stoul(range.substr(colon + 1));
      if (first <= uid && uid <= last) return true;
      at = end + 1;
    }
    return false;
  }
};

/// A server for many connections that waits as real ones do: IDLE tells of new mail.
class LiveImap final : public net::Connector {
 public:
  /// Changes the server, and tells those who idle if there is `news`.
  void change(const std::function<void(WellImap&)>& how, bool news = false) {
    const std::scoped_lock lock{mutex_};
    how(well_);
    if (!news) return;
    for (Connection* one : idling_) one->said += "* 99 EXISTS\r\n";
    changed_.notify_all();
  }
  void refuse_logins(bool refuse) {
    const std::scoped_lock lock{mutex_};
    refuses_ = refuse;
  }
  int logins() const { return count(logins_); }
  int looks() const { return count(looks_); }        ///< STATUS commands
  int listings() const { return count(listings_); }  ///< UID SEARCH commands
  std::size_t idling() const {
    const std::scoped_lock lock{mutex_};
    return idling_.size();
  }
  /// Breaks every connection, and every wait, for good.
  void end() {
    const std::scoped_lock lock{mutex_};
    ended_ = true;
    changed_.notify_all();
  }

  Result<std::unique_ptr<net::Stream>> connect(const net::Endpoint&) override {
    const std::scoped_lock lock{mutex_};
    ++logins_;
    if (refuses_) return Error{Fault::denied, "the login is refused"};
    return std::unique_ptr<net::Stream>{std::make_unique<Connection>(*this)};
  }

 private:
  struct Connection final : net::Stream {
    explicit Connection(LiveImap& s) : server{s} {}
    ~Connection() override {
      const std::scoped_lock lock{server.mutex_};
      server.idling_.erase(this);
    }
    Result<std::string> receive(std::size_t max_bytes, Deadline deadline) override {
      std::unique_lock lock{server.mutex_};
      const bool came = server.changed_.wait_until(lock, deadline,
                                                   [&] { return !said.empty() || server.ended_; });
      if (!came) return Error{Fault::unavailable, "the server took too long"};
      std::string bytes = said.substr(0, max_bytes);
      said.erase(0, bytes.size());
      return bytes;
    }
    Status send(std::string_view bytes, Deadline) override {
      const std::scoped_lock lock{server.mutex_};
      const std::string line{trim(bytes)};
      const std::size_t space = line.find(' ');
      if (space != std::string::npos) tag = line.substr(0, space);
      const std::string command = space == std::string::npos ? line : line.substr(space + 1);
      server.looks_ += command.starts_with("STATUS ") ? 1 : 0;
      server.listings_ += command.starts_with("UID SEARCH ") ? 1 : 0;
      server.well_.open_folder = open_folder;
      said += server.well_(command, tag);
      open_folder = server.well_.open_folder;
      if (command == "IDLE") server.idling_.insert(this);
      if (command == "DONE") server.idling_.erase(this);
      return ok();
    }
    bool has_input() override {
      const std::scoped_lock lock{server.mutex_};
      return !said.empty();
    }

    LiveImap& server;
    std::string said, tag, open_folder;
  };

  int count(const int& what) const {
    const std::scoped_lock lock{mutex_};
    return what;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  WellImap well_;
  std::set<Connection*> idling_;
  bool refuses_ = false, ended_ = false;
  int logins_ = 0, looks_ = 0, listings_ = 0;
};

}  // namespace trust::test
