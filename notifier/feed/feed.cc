#include "notifier/feed/feed.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "notifier/feed/markup.h"

namespace trust::notifier {

namespace {

using Json = nlohmann::ordered_json;

constexpr unsigned kPublic = 0644;

bool is_published(const Incident& i) {
  return i.status == IncidentStatus::published || i.status == IncidentStatus::corrected;
}

/// Some readers of feeds take a title for HTML and some do not; without < and > both show the same.
std::string feed_title(const std::string& title) {
  return xml_text(replace_all(replace_all(title, "<", "\u2039"), ">", "\u203A"));
}

std::string feed_item(const Incident& i) {
  std::string item = "    <item>\n";
  const auto add = [&item](const std::string& name, const std::string& content) {
    item += "      <" + name + ">" + content + "</" + name.substr(0, name.find(' ')) + ">\n";
  };
  add("title", feed_title(i.title));
  add("link", xml_text(i.url));
  add("guid isPermaLink=\"true\"", xml_text(i.url));
  add("pubDate", to_rfc5322(i.published_at.value_or(UtcTime{day_of(i.id)})));
  add("category", xml_text(name_of(i.type)));
  for (const std::string& service : i.services) add("category", xml_text(service));
  add("description", xml_html(i.summary));
  return item + "    </item>\n";
}

std::string feed_xml(const std::vector<Incident>& incidents, const std::string& base_url) {
  std::vector<const Incident*> items;
  for (const Incident& i : incidents)
    if (is_published(i) && i.revealed) items.push_back(&i);
  std::stable_sort(items.begin(), items.end(), [](const Incident* a, const Incident* b) {
    return std::pair{a->published_at, a->id} > std::pair{b->published_at, b->id};
  });
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n"
      "  <channel>\n"
      "    <title>Incidents</title>\n"
      "    <link>" +
      xml_text(base_url) +
      "</link>\n"
      "    <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"" +
      xml_text(base_url + "feed.xml") +
      "\"/>\n"
      "    <description>Post-mortems of incidents, when they are published</description>\n"
      "    <language>en</language>\n";
  if (!items.empty() && items.front()->published_at)
    xml += "    <lastBuildDate>" + to_rfc5322(*items.front()->published_at) + "</lastBuildDate>\n";
  for (const Incident* i : items) xml += feed_item(*i);
  return xml + "  </channel>\n</rss>\n";
}

Json time_or_null(const std::optional<UtcTime>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

std::string dumped(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string incidents_json(const std::vector<Incident>& incidents) {
  Json list = Json::array();
  for (const Incident& i : incidents) {
    if (!i.revealed) continue;
    Json corrections = Json::array();
    for (const Correction& c : i.corrections)
      corrections.push_back({{"n", c.number}, {"at", to_rfc3339(c.at)}});
    list.push_back({{"id", i.id},
                    {"url", i.url},
                    {"title", i.title},
                    {"type", name_of(i.type)},
                    {"services", i.services},
                    {"start", time_or_null(i.start)},
                    {"end", time_or_null(i.end)},
                    {"status", name_of(i.status)},
                    {"published_at", time_or_null(i.published_at)},
                    {"withdrawn_because",
                     i.withdrawn_because.empty() ? Json(nullptr) : Json(i.withdrawn_because)},
                    {"corrections", std::move(corrections)}});
  }
  return dumped({{"incidents", std::move(list)}}, 2);
}

std::string history_md(const std::vector<Incident>& incidents) {
  std::string table =
      "| Date (UTC) | Service | Duration | Type | Post-mortem |\n"
      "|---|---|---|---|---|\n";
  bool any = false;
  for (const Incident& i : incidents) {
    if (!i.revealed) continue;
    any = true;
    std::string last = "reserved: " + i.url;
    if (is_published(i))
      last = "[" + markdown_cell(i.title.empty() ? i.id : i.title) + "](" + i.url + ")";
    else if (i.status == IncidentStatus::withdrawn)
      last = "withdrawn: " + markdown_cell(i.withdrawn_because);
    table += "| " + to_iso_day(day_of(i.id)) + " | " +
             markdown_cell(services_text(i.services, ", ")) + " | " +
             duration_text(i.start, i.end) + " | " + std::string{name_of(i.type)} + " | " + last +
             " |\n";
  }
  if (!any) table += "| No reportable incidents to date | | | | |\n";
  return table;
}

std::string log_jsonl(const std::vector<PageVersion>& versions) {
  std::string log;
  for (const PageVersion& v : versions)
    log += dumped({{"id", v.id},
                   {"url", v.url},
                   {"fetched_at", to_rfc3339(v.fetched_at)},
                   {"digest", "sha256:" + v.digest},
                   {"previous", v.previous.empty() ? Json(nullptr) : Json("sha256:" + v.previous)}},
                  -1);
  return log;
}

}  // namespace

PublicFiles public_files(const std::vector<Incident>& incidents,
                         const std::vector<PageVersion>& versions, const std::string& base_url) {
  return {feed_xml(incidents, base_url), incidents_json(incidents), history_md(incidents),
          log_jsonl(versions)};
}

Status write_public_files(const std::string& folder, const PublicFiles& files) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return Error{Fault::denied, "the folder cannot be made: " + folder};
  const std::pair<const char*, const std::string*> all[] = {
      {"feed.xml", &files.feed_xml},
      {"incidents.json", &files.incidents_json},
      {"history.md", &files.history_md},
      {"log.jsonl", &files.log_jsonl}};
  for (const auto& [name, content] : all)
    if (Status written = write_file_durably(folder + "/" + name, *content, kPublic); !written)
      return written;
  return ok();
}

}  // namespace trust::notifier
