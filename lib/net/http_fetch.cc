#include "lib/net/http_fetch.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/net/curl_handle.h"

namespace trust::net {

namespace {

constexpr std::size_t kLongestEtag = 200;

bool is_web(const Url& url) { return url.scheme == "https" || url.scheme == "http"; }

struct Body {
  std::string bytes;
  std::size_t max_bytes = 0;
  bool too_long = false;
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* into) {
  Body& body = *static_cast<Body*>(into);
  if (size * count > body.max_bytes - body.bytes.size()) {
    body.too_long = true;
    return 0;
  }
  body.bytes.append(bytes, size * count);
  return size * count;
}

/// Loopback where the URL says so or clear text asks for it; a private network only where the URL
/// holds the address itself.
Reach reach_of(const Url& url) {
  if (url.scheme == "http" || names_loopback(url.host)) return Reach::loopback_only;
  return names_address(url.host) ? Reach::anywhere : Reach::public_only;
}

}  // namespace

std::string origin_of(std::string_view url) {
  const Result<Url> parsed = parse_url(std::string{url});
  if (!parsed || !is_web(*parsed) || !parsed->user.empty() || !parsed->password.empty()) return "";
  return parsed->place();
}

Result<HttpAnswer> http_get(const std::string& url, std::span<const std::string> configured,
                            const FetchLimits& limits) {
  const std::string origin = origin_of(url);
  if (origin.empty())
    return Error{Fault::invalid, "this is no address of a web page; it must begin with https://"};
  if (std::none_of(configured.begin(), configured.end(),
                   [&](const std::string& one) { return origin_of(one) == origin; }))
    return Error{Fault::invalid, origin + ": only sites named in the configuration are read"};
  const Result<Url> parsed = parse_url(url);
  if (!parsed) return parsed.error();
  if (parsed->scheme == "http" && !names_loopback(parsed->host))
    return Error{Fault::invalid, origin + ": clear text is for this machine only; use https://"};

  CurlHandle handle;
  Body body{.max_bytes = limits.max_bytes};
  const std::string plain_url = url.substr(0, url.find('#'));
  handle.set(CURLOPT_URL, plain_url.c_str());
  handle.set(CURLOPT_PROTOCOLS_STR, "http,https");
  handle.set(CURLOPT_HTTPGET, 1L);
  handle.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  handle.set(CURLOPT_USERAGENT, "trust-mail");
  handle.set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
  handle.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.timeout.count()));
  handle.set(CURLOPT_WRITEFUNCTION, &take);
  handle.set(CURLOPT_WRITEDATA, &body);
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> fields{nullptr, curl_slist_free_all};
  if (!limits.etag.empty())
    fields.reset(curl_slist_append(nullptr, ("If-None-Match: " + limits.etag).c_str()));
  handle.set(CURLOPT_HTTPHEADER, fields.get());
  handle.set_reach(reach_of(*parsed));
  handle.set_interrupt(limits.interrupt);
  if (const Status given = handle.set_ca_file(limits.ca_file); !given) return given.error();
  if (const Status done = handle.perform(origin); !done) {
    if (body.too_long)
      return Error{Fault::unavailable, origin + ": the page is longer than " +
                                           size_in_words(limits.max_bytes) + " and was not read"};
    return done.error();
  }
  HttpAnswer answer;
  long code = 0;
  const char* type = nullptr;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &code);
  curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_TYPE, &type);
  answer.code = static_cast<int>(code);
  curl_header* etag = nullptr;
  if (curl_easy_header(handle.get(), "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK &&
      std::string_view{etag->value}.size() <= kLongestEtag)
    answer.etag = etag->value;
  if (type != nullptr) answer.content_type = type;
  answer.body = std::move(body.bytes);
  return answer;
}

}  // namespace trust::net
