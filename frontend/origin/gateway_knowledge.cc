// What a gateway knows of objects: what answers taught it, what it found out by itself, and what the other
// cores know. Who may read is decided in gateway.cc.
#include <utility>

#include "engine/base/hash.h"
#include "engine/runtime/remote.h"
#include "frontend/origin/gateway.h"
#include "frontend/s3/etag.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::origin {
namespace {

constexpr http::header wants_checksums{.name = "x-amz-checksum-mode", .value = "ENABLED"};

}  // namespace

std::vector<http::header> inquiry::customer_key_fields() const {
    if (name.customer_key.empty()) return {};
    const auto fields = sealing::customer_key_fields(head.headers);
    return {fields.begin(), fields.end()};
}

engine::task<version_ptr> gateway::learn(const inquiry& i, const http::response_head& head,
                                         time_point asked) {
    auto described = describe_version(identity_, i.name, head.status, head.headers);
    if (!described) {
        co_await forget(i.name);
        co_return nullptr;
    }
    version_ptr version = std::move(*described);
    if (i.what.checksum_mode && head.status == 200 && !i.what.part_number) {
        version = with_checksums(*version, checksum_lines(head.headers));
    }
    version = co_await with_what_is_known(i.name, std::move(version));
    // A Content-Range states the size beside the length of the answer; a Content-Length alone may lie.
    if (head.status == 206 || i.head.method == "HEAD") {
        co_await remember(i.name, version, asked);
    }
    co_return version;
}

// What took a question to find out still holds.
engine::task<version_ptr> gateway::with_what_is_known(const object_name& name,
                                                      version_ptr version) {
    const version_ptr before = (co_await find(name)).version;
    if (before == nullptr || !before->same_as(*version)) co_return version;
    if (before->laid_out) version = with_layout(*version, before->layout);
    if (before->checksums && !version->checksums) {
        version = with_checksums(*version, *before->checksums);
    }
    co_return version;
}

engine::task<version_ptr> gateway::describe(const object_name& name, std::vector<http::header> also,
                                            teller whom) {
    if (!may_ask_itself(name)) co_return nullptr;
    const std::string target = own_request(name).target;
    also.push_back(wants_checksums);
    const auto signing = signature_fields(*own_, link_.authority, "HEAD", target, also,
                                          engine::scheduler::current().time().wall());
    if (!signing) co_return nullptr;
    const auto fields = views_of(*signing);
    const time_point asked = engine::now();
    auto answer =
        co_await exchange::ask(link_, {.method = "HEAD", .target = target, .headers = fields});
    if (!answer) co_return nullptr;
    const http::request_head head{.method = "HEAD", .target = target, .host = {}};
    s3::classified what;
    what.checksum_mode = true;
    version_ptr version;
    if (answer->head().status == 200) {
        stats_.described.add();
        version = co_await learn({.head = head, .what = what, .name = name}, answer->head(), asked);
    }
    answer->finish();
    if (version == nullptr) co_return nullptr;
    co_return co_await completed(name, std::move(version), asked, whom);
}

engine::task<version_ptr> gateway::with_stored_checksums(const inquiry& i, version_ptr version) {
    if (version->checksums) co_return version;
    version_ptr described = co_await told_guess(i.name, true);
    if (described == nullptr) described = co_await describe(i.name, i.customer_key_fields());
    const bool known = described != nullptr && described->checksums && described->same_as(*version);
    co_return known ? with_checksums(*version, *described->checksums) : version;
}

engine::task<std::optional<part_extent>> gateway::locate_part(const object_name& name,
                                                              const object_version& version,
                                                              std::uint32_t number) {
    if (layouts_.answered_numbers()) {
        if (const auto certain = version.layout.numbered(number)) co_return certain;
    }
    co_return co_await layouts_.locate(name, version, number);
}

engine::task<version_ptr> gateway::completed(const object_name& name, version_ptr version,
                                             time_point asked, teller whom) {
    if (version->laid_out) co_return version;
    const bool in_parts = s3::part_count_of(version->etag).value_or(1) > 1;
    std::optional<part_layout> layout;
    if (!in_parts) layout = part_layout::whole(version->size);
    if (!layout) layout = co_await taught(name, *version);
    if (!layout && whom == teller::home) layout = co_await told_layout(name, *version);
    if (!layout) layout = co_await found_out(name, *version);
    version = with_layout(*version, std::move(*layout));
    co_await remember(name, version, asked);
    co_return version;
}

engine::task<std::optional<part_layout>> gateway::taught(const object_name& name,
                                                         const object_version& version) {
    const object_name upload = name.without_version();
    const core_id home = home_of(upload);
    gateway* there = neighbours_[home.value()];
    const std::string key = upload.text();
    auto layout = co_await engine::on_core(
        home, [&] { return there->uploads_.layout_of(key, version.etag); });
    if (layout && layout->size() != version.size) layout.reset();
    co_return layout;
}

engine::task<part_layout> gateway::found_out(const object_name& name,
                                             const object_version& version) {
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    co_return co_await engine::on_core(home, [&] { return there->find_out(name, version); });
}

engine::task<part_layout> gateway::find_out(const object_name& name,
                                            const object_version& version) {
    const auto turn = co_await known_layouts_.enter(version.identity);
    if (turn.known) co_return *turn.known;
    part_layout layout = co_await layouts_.find(name, version);
    if (turn.first) known_layouts_.found(version.identity, layout);
    co_return layout;
}

engine::task<void> gateway::observe_head(const inquiry& i, const http::response_head& answer,
                                         time_point asked) {
    const bool whole = answer.status == 200 && !i.what.part_number && i.describes();
    if (answer.status == 404) co_await forget(i.name);
    if (whole && !http::find_header(i.head.headers, "range")) {
        (void)co_await learn(i, answer, asked);
    }
}

engine::task<void> gateway::observe_upload(const inquiry& i, const http::response_head& answer,
                                           std::optional<bytes> length) {
    if (i.what.upload_id.empty()) co_return;
    const bool done = answer.status >= 200 && answer.status < 300;
    const object_name name = i.name.without_version();
    const std::string key = name.text();
    const core_id home = home_of(name);
    upload_watch& uploads = neighbours_[home.value()]->uploads_;
    const std::string& id = i.what.upload_id;
    if (i.head.method == "PUT" && i.what.part_number && done) {
        const auto etag = http::find_header(answer.headers, "etag");
        const bool copied = http::find_header(i.head.headers, "x-amz-copy-source").has_value();
        co_await engine::on_core(home, [&] {
            if (etag && length && !copied) {
                uploads.part_arrived(key, id, *i.what.part_number, *length, *etag);
            } else {
                uploads.part_unknown(key, id);
            }
        });
    } else if (i.head.method == "POST" && done) {
        co_await engine::on_core(home, [&] { uploads.completed(key, id); });
    } else if (i.head.method == "DELETE") {
        co_await engine::on_core(home, [&] { uploads.aborted(key, id); });
    }
}

core_id gateway::home_of(const object_name& name) const {
    const std::string key = name.text();
    return core_id(
        static_cast<std::uint16_t>(xxh3_64(std::as_bytes(std::span(key))) % neighbours_.size()));
}

engine::task<version_cache::known> gateway::find(const object_name& name) {
    if (version_cache::known mine = versions_.find(name); mine.version != nullptr) co_return mine;
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    if (there == this) co_return version_cache::known{};
    auto theirs = co_await engine::on_core(home, [&] { return there->versions_.find(name); });
    if (theirs.version != nullptr) versions_.remember(name, theirs.version, theirs.confirmed);
    co_return theirs;
}

// Who finds nothing may be the one to ask for the first bytes: decided where everybody who asks comes by.
engine::task<gateway::finding> gateway::find_or_begin(const object_name& name,
                                                      bool asks_for_bytes) {
    if (!asks_for_bytes) co_return finding{.version = (co_await find(name)).version};
    if (version_ptr mine = versions_.find(name).version) co_return finding{.version = mine};
    const std::string key = name.text();
    const std::uint64_t hash = xxh3_64(std::as_bytes(std::span(key)));
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    bool begun = false;
    const auto ask_there = [&] {
        version_cache::known known = there->versions_.find(name);
        if (known.version == nullptr) begun = there->probes_.begin(hash);
        return known;
    };
    const version_cache::known known =
        there == this ? ask_there() : co_await engine::on_core(home, ask_there);
    if (begun) co_return finding{.turn = probe_watch::turn(there->probes_, home, hash)};
    if (known.version != nullptr && there != this) {
        versions_.remember(name, known.version, known.confirmed);
    }
    co_return finding{.version = known.version};
}

engine::task<void> gateway::remember(const object_name& name, version_ptr version,
                                     time_point asked) {
    versions_.remember(name, version, asked);
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    if (there != this) {
        co_await engine::on_core(home, [&] { there->versions_.remember(name, version, asked); });
    }
}

engine::task<void> gateway::forget(const object_name& name) {
    const time_point when = engine::now();
    versions_.forget(name, when);
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    if (there != this) {
        co_await engine::on_core(home, [&] { there->versions_.forget(name, when); });
    }
}

// Every core may hold a version that it believes to be recent enough.
engine::task<void> gateway::written(const object_name& name) {
    const time_point when = engine::now();
    for (std::size_t core = 0; core < neighbours_.size(); ++core) {
        gateway* there = neighbours_[core];
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                 [&] { there->note_written(name, when); });
    }
}

void gateway::note_written(const object_name& name, time_point when) {
    if (name.key.empty()) return versions_.something_written(when);
    versions_.written(name, when);
    if (consistency_.max_stale(name.bucket, name.key) == duration::zero()) return;
    // Its other names: the current version, which may be another now, and the one without an id.
    object_name other = name.without_version();
    versions_.written(other, when);
    other.version_id = "null";
    versions_.written(other, when);
}

}  // namespace lode::frontend::origin
