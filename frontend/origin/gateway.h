// frontend/origin/gateway.h
//
// Asks the origin's gateway, for each request, whether this caller may read this object and which
// version is current. Nothing cached leaves without that word.
//
//   what we know            what is added to the client's own request      the gateway's answer means
//   ----------------------  ---------------------------------------------  ------------------------------
//   a version               If-None-Match, If-Unmodified-Since             304: may read, unchanged
//     and Range is free     ... and Range: bytes=0-0                       412: touched, ask anew
//   a version, and the      If-None-Match; and a question of our own       304 to both: may read,
//     client has If-Match,    whether anything but the content changed       unchanged
//     or dates mislead
//   nothing, Range is free  Range: the first bytes that the client wants,  206: may read, all headers;
//                             64 KiB of them at most, or bytes=0-0           and those bytes
//   nothing, Range is not   nothing: a HEAD of our own learns the version  then as above
//   anything else           nothing: the request as it came                its answer goes to the client
//
// "Range is free" when the client's signature does not cover it and no part number stands in its place.
// What is added is never signed, so the signature stays valid. Any other answer is the client's: 403,
// 404, 416, 5xx. An answer with headers that the client asked to be replaced (response-content-type)
// describes no version.
//
// Questions that lode signs itself, having verified the client, may share their answers (see
// shared_validation.h), and need not be asked at all where the operator accepts an older word (see
// consistency.h).
//
// First bytes are asked for where their place can be told without the object's size, whoever asks can use
// them (inquiry::takes_first_bytes), probe_watch.h finds it worth while, and the gateway does not point
// elsewhere for bytes; else one byte is. They are for the one who asked.
//
// What one core learns is also told to the name's home core, and asked there by a core that does not know
// it: any core of the node can then revalidate, which matters where a signed Range forbids to probe. How an
// object is cut is found out there too, once for all who want to know; in a cluster, the node that
// finds it out for all others is asked first.
//
//   Core     One per core. `neighbours` holds all of them, by core number; made at start, then only read.
//   Errors   As exchange.h; a verdict otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/counters.h"
#include "frontend/http/message.h"
#include "frontend/origin/consistency.h"
#include "frontend/origin/data_path.h"
#include "frontend/origin/exchange.h"
#include "frontend/origin/first_bytes.h"
#include "frontend/origin/home_node.h"
#include "frontend/origin/layout_finder.h"
#include "frontend/origin/layout_memory.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/own_request.h"
#include "frontend/origin/probe_watch.h"
#include "frontend/origin/shared_validation.h"
#include "frontend/origin/upload_watch.h"
#include "frontend/origin/version_cache.h"
#include "frontend/s3/request_class.h"

namespace lode::frontend::origin {

// Either the caller may read `version`, which is current and laid out, or `answer` is for the client. An
// answer that carries an object's bytes comes with the version that it describes; where only a
// Content-Length tells the size, whoever has seen all the bytes arrive says remember().
struct verdict {
    version_ptr version;
    std::optional<exchange> answer;
    time_point asked{};                // when the question was sent
    bool learned = false;              // the version was not known before
    std::optional<first_bytes> first;  // of `version`, from where the client's range begins

    [[nodiscard]] bool authorised() const { return !answer.has_value(); }
};

// Who has to be convinced that the request may be answered.
// Whom lode asks first how an object is cut. A node that is asked by another asks nobody but the origin.
enum class teller : std::uint8_t { home, origin };

enum class asker : std::uint8_t {
    client,  // the gateway judges the client's signature
    lode,    // the client has been judged already, and the request is signed by lode
};

// A request as it goes to the gateway. Everything is borrowed.
struct inquiry {
    const http::request_head& head;
    const s3::classified& what;
    const object_name& name;
    asker who = asker::client;
    bool takes_first_bytes = false;  // can use those that come along with the word

    // Whether Range may be put in, or in another's place.
    [[nodiscard]] bool range_is_free() const { return !what.range_signed && !what.part_number; }
    // Whether the answer's headers are those that were stored.
    [[nodiscard]] bool describes() const { return what.overrides.empty(); }
    // What a question of our own must say about a customer's key, where the client has one.
    [[nodiscard]] std::vector<http::header> customer_key_fields() const;
};

class gateway {
  public:
    struct statistics {
        counter revalidated;    // 304: unchanged
        counter learned;        // 206 to a range of ours: version now known
        counter described;      // a HEAD of our own made the version known
        counter shared;         // served by the answer to another request's question
        counter recent;         // not asked: the last word is recent enough
        counter touched;        // 412 or a new version where we knew one
        counter relayed;        // answers that went to the client as they were
        counter failed;         // no answer
        counter layouts_told;   // how an object is cut was told by its home node
        counter versions_told;  // and which version is current
    };

    using by_core = std::vector<gateway*>;

    struct options {
        std::string identity;  // names the origin in part ids: the same on every node of a cluster
        std::size_t objects_max = 65536;
        origin::consistency consistency{};
    };

    // `own` may be null: then only clients ask.
    gateway(const origin_link& link, s3::signer* own, options o, const by_core& neighbours,
            data_path* data = nullptr);

    // The word that this core remembers, where it is recent enough for the client: nobody is asked, and
    // the request need not be one that the origin would take.
    [[nodiscard]] std::optional<verdict> recall(const inquiry& i);

    engine::task<result<verdict>> authorise(const inquiry& i);

    // Who is asked before the origin. At start, before anybody is served.
    void ask_first(home_node whom) { home_node_ = std::move(whom); }

    // How a version is cut that another node wants to know about: what is remembered, else what the origin
    // says; nobody else is asked. Only ETag, version id, size and identity of `version` matter. Nothing
    // where lode may not ask the origin.
    engine::task<std::optional<part_layout>> layout_of(const object_name& name,
                                                       const object_version& version);

    // Which version is current, for another node; it has seen to the caller's rights, and nobody else is
    // asked but the origin. Nothing where lode may not ask it, or where it does not describe the object.
    engine::task<std::optional<told_version>> version_of(const object_name& name,
                                                         version_wish wish);

    // The client's request as it came; the answer teaches the version that it describes.
    [[gnu::noinline]] engine::task<result<verdict>> forward(const inquiry& i);

    // What became of a version that was learned: its bytes were of the cache already, or it cannot keep
    // them; or not.
    void note_learned(bool in_vain) { probes_.note(in_vain); }

    // `version` is current and its size is certain; `asked` as in verdict.
    engine::task<void> remember(const object_name& name, version_ptr version, time_point asked);

    // What we know of the object is doubtful: its bytes did not fit its description.
    engine::task<void> forget(const object_name& name);

    // A write of the object has passed by, of whatever version; without a key, of any objects. To be
    // said before the client may know of it.
    engine::task<void> written(const object_name& name);

    // The gateway's answer to a HEAD that passed by describes the version as one to a GET does.
    engine::task<void> observe_head(const inquiry& i, const http::response_head& answer,
                                    time_point asked);

    // An answer to a multipart upload's request that passed by. `length`: of the part's content, where
    // it is known.
    engine::task<void> observe_upload(const inquiry& i, const http::response_head& answer,
                                      std::optional<bytes> length);

    // What lode itself finds at the origin under this name, by its own right. Null: nothing, or it may
    // not ask. `also`: fields without which the store does not tell, for a customer's key.
    [[gnu::noinline]] engine::task<version_ptr> describe(const object_name& name,
                                                         std::vector<http::header> also = {},
                                                         teller whom = teller::home);

    // The version with its stored checksums, which a whole answer carries where the client wants them.
    // The version as it is, where they cannot be had.
    engine::task<version_ptr> with_stored_checksums(const inquiry& i, version_ptr version);

    // Where a part lies that was asked for by its number, if that is certain.
    engine::task<std::optional<part_extent>> locate_part(const object_name& name,
                                                         const object_version& version,
                                                         std::uint32_t number);

    [[nodiscard]] origin_link& link() { return link_; }
    [[nodiscard]] const statistics& stats() const { return stats_; }
    [[nodiscard]] const version_cache& versions() const { return versions_; }

  private:
    // Asks, and follows where the gateway points.
    engine::task<result<exchange>> ask(const forwarded_head& question);

    // What the answer to a modified request means; nothing: ask in another way.
    using word = engine::task<result<std::optional<verdict>>>;
    word revalidate(const inquiry& i, version_ptr known);
    [[gnu::noinline]] word revalidate_beside(const inquiry& i, version_ptr known);
    [[gnu::noinline]] word probe(const inquiry& i, std::optional<s3::byte_range> first);

    [[nodiscard]] bool may_be_old(const inquiry& i) const;
    std::optional<verdict> recent(const inquiry& i, version_cache::known known);
    engine::task<result<verdict>> decide(const inquiry& i);
    engine::task<result<verdict>> decide_for_all(const inquiry& i);
    engine::task<result<verdict>> decide_or_be_told(const inquiry& i);
    [[nodiscard]] duration max_stale_of(const inquiry& i) const {
        return consistency_.max_stale(i.name.bucket, i.name.key);
    }
    [[nodiscard]] bool may_ask_itself(const object_name& name) const {
        return own_ != nullptr && name.scope.empty();
    }
    // Peers who have a way to the origin are not to wait for one who has none.
    [[nodiscard]] bool may_ask_for_others(const object_name& name) const {
        return may_ask_itself(name) && (link_.way == nullptr || !link_.way->cut_off());
    }
    engine::task<result<bool>> untouched(const object_name& name, const object_version& known,
                                         std::vector<http::header> also);

    void note_relearned(const version_ptr& doubted, const version_ptr& now);

    engine::task<version_cache::known> find(const object_name& name);
    struct finding {
        version_ptr version;
        probe_watch::turn turn = {};  // where there is no version
    };
    engine::task<finding> find_or_begin(const object_name& name, bool asks_for_bytes);
    engine::task<version_ptr> learn(const inquiry& i, const http::response_head& head,
                                    time_point asked);
    [[gnu::noinline]] engine::task<version_ptr> completed(const object_name& name,
                                                          version_ptr version, time_point asked,
                                                          teller whom = teller::home);
    engine::task<std::optional<part_layout>> taught(const object_name& name,
                                                    const object_version& version);
    [[nodiscard]] bool may_be_told(const object_name& name) const {
        return home_node_.version && name.scope.empty() && name.customer_key.empty();
    }
    engine::task<std::optional<part_layout>> told_layout(const object_name& name,
                                                         const object_version& version);
    engine::task<std::optional<told_version>> told(const object_name& name, version_wish wish);
    // By a word that is no older than consistency allows, nor than any write that has passed by.
    [[gnu::noinline]] engine::task<std::optional<verdict>> told_current(const inquiry& i);
    // By any word: for a question to the gateway. Null: nobody knows.
    [[gnu::noinline]] engine::task<version_ptr> told_guess(const object_name& name, bool checksums);
    // On the name's home core, for other nodes.
    engine::task<std::optional<told_version>> look_up(const object_name& name, version_wish wish);
    engine::task<version_ptr> confirmed(const object_name& name, version_ptr known);
    engine::task<version_ptr> with_what_is_known(const object_name& name, version_ptr version);
    engine::task<part_layout> found_out(const object_name& name, const object_version& version);
    // On the name's home core.
    engine::task<part_layout> find_out(const object_name& name, const object_version& version);
    engine::task<verdict> relay(exchange answer, const inquiry& i, time_point asked);
    void note_written(const object_name& name, time_point when);
    [[nodiscard]] core_id home_of(const object_name& name) const;

    origin_link link_;
    s3::signer* own_;
    data_path* data_;  // for redirects; null: they are the client's to see
    std::string identity_;
    consistency consistency_;
    version_cache versions_;
    layout_finder layouts_;
    layout_memory known_layouts_;  // of the names whose home this core is
    home_node home_node_;          // without functions: only the origin is asked
    shared_validation validations_;
    upload_watch uploads_;  // of the names whose home this core is
    probe_watch probes_;    // of these names too; what it counts, of this core's questions
    first_bytes_memory spare_;
    const by_core& neighbours_;
    bool dates_mislead_ = false;  // If-Unmodified-Since says nothing at this origin
    bool points_away_ = false;    // what it told last has its bytes elsewhere
    statistics stats_;
};

}  // namespace lode::frontend::origin
