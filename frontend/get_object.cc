#include "frontend/get_object.h"

#include <utility>

#include "frontend/fetch_rights.h"
#include "frontend/object_scope.h"
#include "frontend/pass_through.h"
#include "frontend/s3/range.h"
#include "frontend/send_cached.h"
#include "frontend/tee_answer.h"

namespace lode::frontend {
namespace {

// A version that changes while we look for its bytes: ask again, but not for ever.
constexpr int attempts_max = 3;

// Some HTTP libraries say of a GET that its body is empty.
bool has_body(const http::request_head& head) {
    return head.body == http::framing::chunked || head.content_length > bytes(0);
}

bool may_be_cached(const request& r) {
    // What to make of a customer's key that cannot be read is for the store to say.
    if (r.what.sse_customer_key && !r.customer_key) return false;
    if (r.what.no_store) return false;
    if (has_body(r.head)) return false;
    // A web page asks for itself: what the origin allows one site is not for another.
    if (http::find_header(r.head.headers, "origin")) return false;
    // Replaced headers are for those who sign; of others the origin has an opinion.
    if (!r.what.overrides.empty() && r.what.auth == s3::auth_kind::anonymous) return false;
    const std::size_t ranges = http::count_header(r.head.headers, "range");
    if (ranges == 0) return true;
    // About anything but one plain range, origins disagree: theirs is the answer.
    return ranges == 1 && !r.what.part_number &&
           s3::parse_range(*http::find_header(r.head.headers, "range")).unambiguous();
}

// Whether first bytes that come with the gateway's word can be sent on: where the rest of the object may
// be fetched behind them, and no other question comes before. Of a sealed object nothing is sent that is
// not opened first. In a cluster they may be another node's, which brings them in once for all.
bool takes_first_bytes(const serving& here, const request& r) {
    if (here.cluster != nullptr) return false;
    // The operator has seen to it that the gateway is spared the bytes.
    const bool spared = !here.node.settings.origin.backends.empty();
    return !spared && may_fetch(here, r) && !r.what.no_cache && !r.what.checksum_mode &&
           !r.customer_key;
}

// Nothing sent: the cache cannot answer, and the caller's own request goes to the origin.
engine::task<sent_cached> send_version(serving& here, client& out, const request& r,
                                       origin::verdict& word) {
    origin::version_ptr version = word.version;
    if (version->size < here.node.settings.cache.object_min) co_return sent_cached::not_possible;
    if (r.what.part_number) {
        const auto part = co_await here.gateway.locate_part(r.name, *version, *r.what.part_number);
        // How an origin answers for a part without bytes, which is no range, is its own affair.
        if (!part || part->length == bytes(0)) co_return sent_cached::not_possible;
        co_return co_await send_cached(here, out, r, std::move(version), part, nullptr);
    }
    const bool whole = !http::find_header(r.head.headers, "range");
    if (r.what.checksum_mode && whole) {
        version = co_await here.gateway.with_stored_checksums(inquiry_of(r), std::move(version));
        if (!version->checksums) co_return sent_cached::not_possible;
    }
    origin::first_bytes* first = word.first ? &*word.first : nullptr;
    co_return co_await send_cached(here, out, r, std::move(version), std::nullopt, first);
}

}  // namespace

engine::task<void> get_object(serving& here, client& out, request& r) {
    if (!may_be_cached(r)) {
        make_ours(here, r);
        co_return co_await pass_through(here, out, r);
    }
    origin::inquiry question = inquiry_of(r);
    question.takes_first_bytes = takes_first_bytes(here, r);
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        result<origin::verdict> word = fail(errc::not_found);
        if (auto known = here.gateway.recall(question)) {
            word = std::move(*known);
        } else {
            make_ours(here, r);
            const time_point asked = engine::now();
            word = co_await here.gateway.authorise(question);
            out.record().origin += engine::now() - asked;
        }
        if (!word) co_return co_await out.refuse(r, word.error());
        if (!word->authorised()) co_return co_await tee_answer(here, out, r, *word);

        const sent_cached sent = co_await send_version(here, out, r, *word);
        const bool done = sent == sent_cached::done;
        if (word->learned) {
            here.gateway.note_learned(!done || out.record().cache == cache_word::hit);
        }
        if (done) co_return;
        if (word->first) (void)co_await word->first->drop();
        if (sent == sent_cached::not_possible) break;
        co_await here.gateway.forget(r.name);  // sent_cached::changed
    }

    // The cache cannot serve it: the caller's own request, as it came.
    make_ours(here, r);
    auto word = co_await here.gateway.forward(question);
    if (!word) co_return co_await out.refuse(r, word.error());
    co_await tee_answer(here, out, r, *word);
}

void make_ours(serving& here, request& r) {
    if (!r.passage.awaits_signature()) return;
    here.gate.sign(r.passage, r.when);
    r.head.headers = r.passage.head.headers;
}

void name_object(const serving& here, request& r) {
    r.name.scope = object_scope(r.head.host, here.node.settings.listen.domains);
    r.name.bucket = r.what.where.bucket;
    r.name.key = r.what.where.key;
    r.name.version_id = r.what.version_id;
    r.name.customer_key.clear();
    r.customer_key.reset();
    if (!r.what.sse_customer_key) return;
    r.customer_key = sealing::customer_key::from(r.head.headers);
    if (r.customer_key) r.name.customer_key = r.customer_key->fingerprint();
}

}  // namespace lode::frontend
