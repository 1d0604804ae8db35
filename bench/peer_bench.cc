// What a question from node to node costs beside its bytes: writing and reading it, and the proofs.
#include <array>

#include <benchmark/benchmark.h>

#include "engine/base/assert.h"
#include "frontend/peer/hello.h"
#include "frontend/peer/part_answer.h"
#include "frontend/peer/part_question.h"
#include "frontend/peer/session.h"
#include "frontend/peer/wire.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;

namespace {

const secret cluster_secret("the secret of this cluster");

session_key some_key() { return {cluster_secret, nonce{1}, nonce{2}}; }

part_question some_question() {
    part_question q{.name = {.bucket = "training", .key = "imagenet/train/shard-000123.tar"},
                    .etag = "\"0123456789abcdef0123456789abcdef-13\"",
                    .last_modified = "Sun, 06 Nov 1994 08:49:37 GMT",
                    .size = bytes(104'857'600),
                    .part = {.first = object_offset(8'388'608), .length = bytes(8'388'608)},
                    .end = part_offset(1'048'576)};
    // What a node that uses the same origin computes.
    origin::object_version v{.size = q.size};
    v.identity = origin::identity_of("http://origin", q.name, q.etag, "", q.size);
    v.layout = origin::part_layout::around(q.size, q.part);
    q.id = v.part(1).id;
    return q;
}

void write_a_question(benchmark::State& state) {
    const part_question q = some_question();
    std::string target;
    std::string range;
    for (auto _ : state) {
        const auto written = write_question(q, 1, target, range);
        LODE_ASSERT(written.has_value());
    }
}

void read_a_question(benchmark::State& state) {
    std::string target;
    std::string range;
    const auto written = write_question(some_question(), 1, target, range);
    LODE_ASSERT(written.has_value());
    for (auto _ : state) {
        const auto q = parse_question(parse_path(target)->query, range);
        const auto made = version_of(*q, "http://origin");
        LODE_ASSERT(made.has_value());
    }
}

void write_and_read_an_answer(benchmark::State& state) {
    const part_answer said{.word = cache_word::hit, .detail = cache_detail::memory};
    std::string text;
    for (auto _ : state) {
        write_answer(said, text);
        const auto read = parse_answer(text);
        LODE_ASSERT(read.has_value());
    }
}

// Of one question: signed, checked, answered under a signature, checked.
void four_proofs(benchmark::State& state) {
    client_session client(some_key());
    server_session server(some_key());
    std::string target;
    std::string range;
    std::string answer;
    const auto written = write_question(some_question(), 1, target, range);
    LODE_ASSERT(written.has_value());
    write_answer({}, answer);
    for (auto _ : state) {
        const mac_text asked = client.sign("GET", target, range);
        const std::array<http::header, 2> request = {http::header{mac_field, s3::view_of(asked)},
                                                     http::header{"Range", range}};
        const bool taken = server.accepts({.method = "GET", .target = target, .headers = request});
        LODE_ASSERT(taken);
        const mac_text said = server.sign(206, bytes(1), answer);
        const std::array<http::header, 2> reply = {http::header{mac_field, s3::view_of(said)},
                                                   http::header{answer_field, answer}};
        const bool believed = client.accepts({.status = 206,
                                              .headers = reply,
                                              .body = http::framing::length,
                                              .content_length = bytes(1)});
        LODE_ASSERT(believed);
    }
}

// Of one connection, from both sides.
void hellos(benchmark::State& state) {
    for (auto _ : state) {
        const hello h{.cluster = "lode", .node = "node-a", .nonce = draw_nonce()};
        const std::string target = hello_target(h, 1);
        const mac_text proof = prove_hello(cluster_secret, target);
        const auto heard = parse_hello(parse_path(target)->query);
        LODE_ASSERT(heard && same_mac(s3::view_of(proof), prove_hello(cluster_secret, target)));
        const nonce ours = draw_nonce();
        const session_key server(cluster_secret, heard->nonce, ours);
        const session_key client(cluster_secret, h.nonce, ours);
        benchmark::DoNotOptimize(&server);
        benchmark::DoNotOptimize(&client);
    }
}

}  // namespace

BENCHMARK(write_a_question);
BENCHMARK(read_a_question);
BENCHMARK(write_and_read_an_answer);
BENCHMARK(four_proofs);
BENCHMARK(hellos);
BENCHMARK_MAIN();
