#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "notifier/flow/page_published.h"
#include "notifier/flow/service.h"
#include "notifier/flow/site_looked_at.h"
#include "notifier/page/markdown.h"
#include "tests/notifier/notifier_folder.h"
#include "tests/notifier/notifier_store.h"

namespace trust::notifier {

using namespace std::chrono_literals;

/// A relay that takes everything, and remembers for whom.
struct FakeRelay {
  std::mutex mutex;
  std::multiset<std::string> told;
  std::map<std::string, std::set<std::string>> message_ids;  ///< by recipient
  std::set<std::string> silent;                              ///< the answer after the dot is lost
  std::function<void()> at_dot;

  class Line : public mail::Transport {
   public:
    explicit Line(FakeRelay& relay) : relay_{relay} {}
    mail::SendResult send(const mail::Envelope& envelope, std::string_view message,
                          const BeforeDot& before_dot) override {
      if (!before_dot()) return {.outcome = mail::Outcome::held_back};
      const std::scoped_lock lock{relay_.mutex};
      if (relay_.at_dot) relay_.at_dot();
      relay_.told.insert(envelope.to);
      const std::size_t at = message.find("Message-ID:");
      relay_.message_ids[envelope.to].insert(
          std::string{message.substr(at, message.find('\r', at) - at)});
      if (relay_.silent.contains(envelope.to)) return {.outcome = mail::Outcome::uncertain};
      return {.outcome = mail::Outcome::accepted, .code = 250};
    }
    void close() override {}

   private:
    FakeRelay& relay_;
  };
};

/// A site, a store and a relay, and the steps between them.
class FlowTest : public NotifierStoreTest {
 protected:
  FlowTest() {
    site_.base_url = "https://docs.example.org/trust/incidents/";
    site_.selectors = "main";
    site_.folder = folder_.path();
    site_.fetch = [this](const std::string&) -> Result<net::HttpAnswer> { return live_; };
  }

  Result<Looked> look() { return look_at_site(c_, keyring_, office_, site_, clock_.now()); }
  /// A first look at an empty folder, so that what comes is new.
  void settle() { ASSERT_TRUE(look()); }
  Page page(const std::string& id, const std::string& text = kPublishedText) {
    return {id, site_.base_url + id + "/", *read_markdown(text)};
  }
  Result<Announcement> publish(const std::string& id,
                               const Occasion& occasion = {"ana@example.org", "", false}) {
    return page_published(c_, keyring_, office_, page(id), occasion, clock_.now());
  }
  Status run() {
    const Idle idle = run_until_idle({store_.database(),
                                      keyring_,
                                      office_,
                                      site_,
                                      clock_,
                                      1min,
                                      {.connections = 2, .uncertain_pause = 15min},
                                      [this] { return std::make_unique<FakeRelay::Line>(relay_); }},
                                     stop_);
    return idle.sent ? idle.looked : idle.sent;
  }
  AnnouncementState state_of(const std::string& id) {
    return AnnouncementStore{c_}.standing(id)->value().state;
  }
  std::int64_t announcements() { return count("SELECT COUNT(*) FROM announcement"); }
  std::int64_t told(const std::string& address) {
    const std::scoped_lock lock{relay_.mutex};
    return static_cast<std::int64_t>(relay_.told.count(address));
  }

  std::size_t told_count() {
    const std::scoped_lock lock{relay_.mutex};
    return relay_.told.size();
  }

  NotifierFolder folder_;
  Site site_;
  Result<net::HttpAnswer> live_ = net::HttpAnswer{200, "text/html", "<main>there</main>"};
  Office office_{{{"Example Trust", "trust@example.org"}, "incidents.example.org", {}, {}},
                 {{"Ana", "ana@example.org"}, {"", "bo@example.org"}},
                 *render::load_mail_template("templates", announcement_template()),
                 *render::load_mail_template("templates", notice_template()),
                 *render::load_mail_template("templates", confirmation_template()),
                 10min,
                 5};
  FakeRelay relay_;
  StopSignal stop_;
};

}  // namespace trust::notifier
