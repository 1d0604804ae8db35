#include "frontend/admission.h"

#include <algorithm>
#include <utility>

#include "frontend/get_object.h"
#include "frontend/http/head_parser.h"
#include "frontend/known_requests.h"

namespace lode::frontend {
namespace {

void understand(const serving& here, const http::request_head& head, request& r);
void go_by_passage(const serving& here, request& r);
[[nodiscard]] bool carries_source_key(const http::header& h);
[[gnu::noinline]] std::shared_ptr<const known_request> known_from(serving& here,
                                                                  std::string_view text,
                                                                  wall_time when);

}  // namespace

std::optional<access::refusal> admit(serving& here, const http::request_head& head, request& r) {
    understand(here, head, r);
    r.known.reset();
    r.passage.who.clear();
    r.who = origin::asker::client;
    if (!here.gate.rewrites()) return std::nullopt;
    const auto admitted = here.gate.admit(r.head, r.what, r.when, r.passage);
    if (!admitted) return admitted.error();
    go_by_passage(here, r);
    return std::nullopt;
}

void remember(serving& here, const http::message_reader& from, const request& r) {
    const std::string_view text = from.head_text();
    // A target that is a whole URL is changed when it is read.
    const bool as_it_came = text.starts_with("GET /") && text.size() <= known_requests::length_max;
    const bool may_come_again = r.passage.awaits_signature() &&
                                r.what.op == s3::operation::get_object &&
                                !r.what.sse_customer_key && r.head.body == http::framing::none &&
                                from.body_complete() && !r.head.expect_continue;
    if (!as_it_came || !may_come_again || !here.known->note(text)) return;
    if (auto known = known_from(here, text, r.when)) here.known->keep(std::move(known));
}

bool recognise(serving& here, http::message_reader& from, request& r) {
    if (here.known == nullptr) return false;
    r.known = here.known->find(from.arrived(), r.when, here.gate.changes());
    if (r.known == nullptr) return false;
    const request& before = r.known->as_admitted;
    from.take_known_head(r.known->text.size(), before.head.keep_alive);
    r.what = before.what;
    r.name = before.name;
    r.who = before.who;
    r.customer_key.reset();
    r.passage.borrow(before.passage);
    r.head = r.passage.head;
    here.gate.count_known();
    return true;
}

namespace {

void understand(const serving& here, const http::request_head& head, request& r) {
    r.head = head;
    s3::classify({.method = head.method, .target = head.target, .headers = head.headers},
                 here.node.settings.listen.domains, r.what);
    name_object(here, r);
}

void go_by_passage(const serving& here, request& r) {
    r.head = r.passage.head;
    s3::classify({.method = r.head.method, .target = r.head.target, .headers = r.head.headers}, {},
                 r.what);
    name_object(here, r);
    r.name.scope.clear();  // path style: the path says all
    // By a signature that covers neither Range nor conditions.
    if (r.passage.awaits_signature()) r.what.auth = s3::auth_kind::sigv4_header;
    if (r.what.auth != s3::auth_kind::anonymous) r.who = origin::asker::lode;
}

// The key of what a copy is made from. It means nothing in a GET, and is as secret there.
bool carries_source_key(const http::header& h) {
    return http::starts_with_ignoring_case(h.name,
                                           "x-amz-copy-source-server-side-encryption-customer-");
}

// Made as the first one was, over a copy of its bytes.
std::shared_ptr<const known_request> known_from(serving& here, std::string_view text,
                                                wall_time when) {
    auto made = std::make_shared<known_request>();
    made->text = text;
    made->keys = here.gate.changes();
    http::request_head head;
    if (http::parse_request(made->text, made->headers, head) != http::problem::none) return nullptr;
    if (std::ranges::any_of(head.headers, carries_source_key)) return nullptr;
    request& r = made->as_admitted;
    r.when = when;
    understand(here, head, r);
    if (!here.gate.judge_again(r.head, r.what, when, r.passage)) return nullptr;
    go_by_passage(here, r);
    return made;
}

}  // namespace
}  // namespace lode::frontend
