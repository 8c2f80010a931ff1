#include "notifier/web/pages.h"

#include <algorithm>
#include <memory>

#include "lib/base/ascii.h"
#include "lib/base/file.h"
#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/web/form.h"
#include "lib/web/guard.h"
#include "notifier/feed/feed.h"
#include "notifier/incident/incident_store.h"

namespace trust::notifier {

namespace {

using render::Variable;
using web::Form;
using web::Request;
using web::Response;

constexpr std::chrono::hours kFormAge{12};

constexpr Variable kService[] = {{"name", "a service, as services.json names it"}};
constexpr Variable kSubscribe[] = {
    {"wrong", "set where what was sent is no address", Variable::Kind::flag},
    {"consent", "the words of consent.txt"},
    {"token", "proof that the form is ours; the field \"form\""},
    {"services", "what there is to choose from", Variable::Kind::list, kService},
};

constexpr render::MailTemplateInfo kForm{"subscribe", "the form", kSubscribe};
constexpr render::MailTemplateInfo kFixed[] = {
    {"asked", "after the form was sent, whoever the address belongs to", {}},
    {"confirm", "the link of the confirmation mail: a button", {}},
    {"confirmed", "after that button", {}},
    {"unsubscribe", "the link at the end of each mail: a button", {}},
    {"left", "after that button", {}},
    {"not-found", "a link that is not good, or no longer", {}},
    {"refused", "a form that is too old, or not from our page", {}},
    {"busy", "too many have asked from there", {}},
    {"later", "the store does not answer", {}},
};

/// Enough to tell a slip of the hand; what else is wrong with an address is nobody's business.
bool is_plausible(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return address.size() <= 254 && at != std::string_view::npos && at > 0 &&
         at + 1 < address.size() && std::none_of(address.begin(), address.end(), is_control);
}

class Pages {
 public:
  Pages(PagesParts parts, PageWords words)
      : parts_{std::move(parts)},
        words_{std::move(words)},
        origin_{web::origin_of(parts_.public_url)},
        networks_{parts_.asks_per_network},
        domains_{parts_.asks_per_domain} {}

  Response form(int status) const {
    std::vector<render::Values> services;
    for (const std::string& name : parts_.services) services.push_back({{"name", name}});
    const auto page = words_.subscribe.render(
        {{"wrong", status != 200},
         {"consent", words_.consent},
         {"token", web::form_token(parts_.keyring, "subscribe", parts_.clock.now())},
         {"services", std::move(services)}});
    return page ? Response{status, *page} : fixed(500, "later");
  }

  Response subscribe(const Request& request) {
    const UtcTime now = parts_.clock.now();
    const Result<Form> form_sent = Form::parse(request.body);
    if (!form_sent) return fixed(400, "refused");
    if (web::source_of(request, origin_) != web::Source::ours ||
        !web::is_form_token(parts_.keyring, "subscribe", form_sent->first("form"), now, kFormAge))
      return fixed(403, "refused");
    const std::string sent = form_sent->first("address");
    const std::string address{trim(sent)};
    if (!is_plausible(address)) return form(422);
    if (!networks_.take(web::network_of(request, parts_.trusted_proxies), now) ||
        !domains_.take(to_lower(address.substr(address.rfind('@') + 1)), now))
      return fixed(429, "busy");
    Result<store::Connection> store = parts_.database.connect();
    if (!store) return fixed(503, "later");
    const Result<bool> asked = subscriber_asked(
        *store, parts_.keyring,
        {address, chosen(form_sent->all("service")), words_.consent, parts_.mail_domain},
        parts_.budget, now);
    return asked ? fixed(200, "asked") : fixed(503, "later");
  }

  Response confirm(const Request& request, bool act) {
    if (act && web::source_of(request, origin_) == web::Source::elsewhere)
      return fixed(403, "refused");
    Result<store::Connection> store = parts_.database.connect();
    if (!store) return fixed(503, "later");
    const std::string token = token_in(request);
    const UtcTime now = parts_.clock.now();
    const Result<bool> good = act ? subscriber_confirmed(*store, parts_.keyring, token, now)
                                  : may_confirm(*store, parts_.keyring, token, now);
    if (!good) return fixed(503, "later");
    return *good ? fixed(200, act ? "confirmed" : "confirm") : fixed(404, "not-found");
  }

  /// RFC 8058: mail programs send "List-Unsubscribe=One-Click" as a form of either encoding, with
  /// nothing to say who they are; the page's button sends the same.
  Response unsubscribe(const Request& request) {
    const std::size_t name = request.body.find("List-Unsubscribe");
    if (name == std::string::npos || request.body.find("One-Click", name) == std::string::npos)
      return fixed(200, "unsubscribe");
    Result<store::Connection> store = parts_.database.connect();
    if (!store || !subscriber_left(*store, parts_.keyring, token_in(request), parts_.clock.now()))
      return fixed(503, "later");
    return fixed(200, "left");
  }

  Response feed(const Request& request, std::string PublicFiles::*file, std::string type) {
    Result<store::Connection> store = parts_.database.connect();
    if (!store) return fixed(503, "later");
    const auto incidents = IncidentStore{*store}.list();
    if (!incidents) return fixed(503, "later");
    Response response{200, public_files(*incidents, {}, parts_.base_url).*file, std::move(type)};
    const std::string tag = "\"" + to_hex(sha256(response.body)).substr(0, 32) + "\"";
    response.fields = {{"ETag", tag}, {"Cache-Control", "public, max-age=60"}};
    if (request.field("if-none-match").find(tag) != std::string::npos) {
      response.status = 304;
      response.body.clear();
    }
    return response;
  }

  Response style() const {
    return {200, words_.style, "text/css; charset=utf-8", {{"Cache-Control", "max-age=3600"}}};
  }
  Response fixed(int status, const std::string& page) const {
    return {status, words_.fixed.at(page)};
  }

 private:
  static std::string token_in(const Request& request) {
    const Result<Form> query = Form::parse(request.query);
    return query ? query->first("t") : "";
  }

  /// Only what stands on the page counts; everything chosen is as good as nothing chosen.
  std::vector<std::string> chosen(const std::vector<std::string>& ticked) const {
    std::vector<std::string> services;
    for (const std::string& name : parts_.services)
      if (std::find(ticked.begin(), ticked.end(), name) != ticked.end())
        services.push_back(folded_service(name));
    if (services.size() == parts_.services.size()) services.clear();
    return services;
  }

  PagesParts parts_;
  PageWords words_;
  std::string origin_;
  web::HourlyBudget networks_, domains_;
};

}  // namespace

Result<PageWords> PageWords::load(const std::string& folder) {
  Result<render::Template> form = render::load_web_page(folder, kForm);
  if (!form) return form.error();
  const Result<std::string> consent = read_file(folder + "/web/consent.txt");
  if (!consent) return consent.error();
  Result<std::string> style = read_file(folder + "/web/style.css");
  if (!style) return style.error();
  PageWords words{*std::move(form), std::string{trim(*consent)}, {}, *std::move(style)};
  for (const render::MailTemplateInfo& info : kFixed) {
    const Result<render::Template> page = render::load_web_page(folder, info);
    if (!page) return page.error();
    const Result<std::string> text = page->render({});
    if (!text) return text.error();
    words.fixed[std::string{info.name}] = *text;
  }
  return words;
}

std::vector<render::MailTemplateInfo> page_templates() {
  std::vector<render::MailTemplateInfo> all{kForm};
  all.insert(all.end(), std::begin(kFixed), std::end(kFixed));
  return all;
}

std::vector<web::Route> public_routes(PagesParts parts, PageWords words) {
  const auto p = std::make_shared<Pages>(std::move(parts), std::move(words));
  return {{"/subscribe", [p](const Request&) { return p->form(200); },
           [p](const Request& r) { return p->subscribe(r); }},
          {"/confirm", [p](const Request& r) { return p->confirm(r, /*act=*/false); },
           [p](const Request& r) { return p->confirm(r, /*act=*/true); }},
          {"/unsubscribe", [p](const Request&) { return p->fixed(200, "unsubscribe"); },
           [p](const Request& r) { return p->unsubscribe(r); }},
          {"/feed.xml",
           [p](const Request& r) {
             return p->feed(r, &PublicFiles::feed_xml, "application/rss+xml; charset=utf-8");
           }},
          {"/incidents.json",
           [p](const Request& r) {
             return p->feed(r, &PublicFiles::incidents_json, "application/json");
           }},
          {"/style.css", [p](const Request&) { return p->style(); }}};
}

}  // namespace trust::notifier
