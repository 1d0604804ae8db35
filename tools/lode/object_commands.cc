// The commands that concern objects: where they are, and that they be forgotten.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/lode/admin_client.h"
#include "tools/lode/admin_facts.h"
#include "tools/lode/commands.h"
#include "tools/lode/complaint.h"
#include "tools/lode/object_url.h"

namespace lode::tools {
namespace {

constexpr std::int64_t locate_step = 5;  // seconds that one request may wait
constexpr int still_filling = 202;

// A page of objects, each of which is a question to the origin and to every node.
constexpr std::chrono::seconds purge_patience(120);

int purge_memory(const std::string& admin_url) {
    const auto answer = ask_admin(admin_url, "POST", "/drop?tier=memory");
    if (!answer) return complain(answer.error());
    if (answer->status != status_done) return complain(first_line(answer->body));
    fmt::print("The memory tier was emptied; what is on the devices stays.\n");
    return 0;
}

// What has been forgotten so far.
struct forgotten {
    std::uint64_t objects = 0;
    std::uint64_t failed = 0;
    std::uint64_t chunks = 0;
    std::set<std::string> silent;

    void add(const admin_facts& facts) {
        objects += facts.count("objects");
        failed += facts.count("failed");
        chunks += facts.count("chunks");
        for (std::string& node : facts.all("silent")) silent.insert(std::move(node));
    }
};

int report(const forgotten& all, std::string_view subject) {
    fmt::print("{}: {} objects forgotten, {} chunks of them were cached\n", subject, all.objects,
               all.chunks);
    if (all.failed > 0) complain(fmt::format("{} objects could not be looked up.", all.failed));
    for (const std::string& node : all.silent) {
        complain(fmt::format("Node {} does not answer: what it holds stays there.", node));
    }
    return all.failed == 0 && all.silent.empty() ? 0 : 1;
}

int purge_objects(const std::string& admin_url, const purge_request& r) {
    const auto what = parse_object_url(r.object);
    if (!what || (what->key.empty() && !r.recursive)) {
        return complain(fmt::format("{} is not an object; expected s3://bucket/key.", r.object));
    }
    const std::string target = "/purge?" + query_for(*what, r.recursive ? "prefix" : "key");
    const bool terminal = isatty(STDERR_FILENO) != 0;
    forgotten all;
    std::string from;
    do {
        const auto answer = ask_admin(
            admin_url, "POST", from.empty() ? target : target + "&from=" + from, purge_patience);
        if (!answer) return complain(answer.error());
        if (answer->status != status_done) return complain(first_line(answer->body));
        const admin_facts facts(answer->body);
        all.add(facts);
        from = facts.text("next").value_or("");
        if (terminal && r.recursive) {
            fmt::print(stderr, "\r\033[K{}", from.empty() ? "" : fmt::format("{}...", all.objects));
        }
    } while (!from.empty());
    return report(all, r.object);
}

}  // namespace

int run_purge(const std::string& admin_url, const purge_request& r) {
    if (r.memory == !r.object.empty()) {
        return complain(
            "Say what to purge: an object, with --recursive all that begins like that, or "
            "--memory for the memory tier.");
    }
    return r.memory ? purge_memory(admin_url) : purge_objects(admin_url, r);
}

int run_locate(const std::string& admin_url, const locate_request& r) {
    using clock = std::chrono::steady_clock;
    const auto what = parse_object_url(r.object);
    if (!what || what->key.empty()) {
        return complain(fmt::format("{} is not an object; expected s3://bucket/key.", r.object));
    }
    std::string target = "/locate?" + query_for(*what);
    if (r.whom == written_for::programs) target += "&as=json";

    const auto until = clock::now() + std::chrono::seconds(r.wait);
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(until - clock::now()).count();
        const auto wait = std::clamp<std::int64_t>(left, 0, locate_step);
        const auto answer = ask_admin(admin_url, "GET", fmt::format("{}&wait={}", target, wait));
        if (!answer) return complain(answer.error());
        if (answer->status != status_done && answer->status != still_filling) {
            return complain(first_line(answer->body));
        }
        if (answer->status == still_filling && clock::now() < until) continue;
        fmt::print("{}", answer->body);
        return r.wait > 0 && answer->status == still_filling ? 1 : 0;
    }
}

}  // namespace lode::tools
